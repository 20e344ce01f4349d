use super::*;
use crate::text::width;
use samples::{failure, look, story};

fn frame(seconds: i64, columns: usize, lines: usize) -> String {
    board(&story(seconds), &look(seconds, columns), lines, Glyphs::Unicode)
}

fn fits(text: &str, columns: usize, lines: usize) {
    assert!(text.lines().count() <= lines, "{text}");
    for line in text.lines() {
        assert!(width(line) <= columns, "{} of {columns}: {line}", width(line));
    }
}

#[test]
fn the_beginning_at_80_by_24() {
    insta::assert_snapshot!(frame(2, 80, 23), @r"
    demo → legion/demo/leader                                    0 of 7 merged  2.0s
    ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    0 %
    ◆ critical path #1 → #4 → #5 → #7   next #4

    WORKING  3 of 3 workers
    ◆ #1  One command for all filters  w1 1/3  2.0s  its agent works
    ⣻ #2  The filter wrap              w2 1/3  2.0s  its agent works
    ⣻ #3  The filter frequency         w3 1/3  2.0s  its agent works

    QUEUED  4
    ◆ #4  The filters hold together                  after #1 #2 #3
    ◆ #5  text help                                  after #4
    · #6  text chain                                 after #4
    ◆ #7  The program is whole                       after #5 #6
    ");
}

#[test]
fn a_gate_that_failed_once_runs_again() {
    insta::assert_snapshot!(frame(7, 80, 23), @r"
    demo → legion/demo/leader                                    1 of 7 merged  7.0s
    ████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   14 %
    ◆ critical path #2 → #4 → #5 → #7   next #4

    WORKING  1 of 3 workers
    ⢿ #3  The filter frequency         w3 1/3  7.0s  its agent works

    MERGING  1
    ◆ #2  The filter wrap              w2 1/3  6.0s  the merge is built

    QUEUED  4
    ◆ #4  The filters hold together                  after #2 #3
    ◆ #5  text help                                  after #4
    · #6  text chain                                 after #4
    ◆ #7  The program is whole                       after #5 #6

    DONE  1
    ✔ #1  One command for all filters  1/3     6.0s  merged as 1f00d00000

    JUST NOW
      6.0s  #1  merged as 1f00d00000 after 6.0s
      7.0s  #2  gate `sh tests/wrap.sh` failed with exit code 1 (wrap: 2 of 4 check…
    ");
}

#[test]
fn a_retry_and_a_conflict_are_told() {
    insta::assert_snapshot!(frame(19, 80, 23), @r"
    demo → legion/demo/leader                                   5 of 7 merged  19.0s
    ██████████████████████████████████████████▓▓▓▓▓▓▓▓▓░░░░░░░░░   71 %
    ◆ critical path #6 → #7   next #7

    WORKING  1 of 3 workers
    ◆ #6  text chain                   w2 2/3   5.0s  mends: conflict in bin/text

    QUEUED  1
    ◆ #7  The program is whole                        after #6

    DONE  5
    ✔ #5  text help                    1/3      4.0s  merged as 5f00d00000
    ✔ #4  The filters hold together             1.0s  passed at 4f00d00000
    ✔ #2  The filter wrap              2/3     11.0s  merged as 2f00d00000
    ✔ #3  The filter frequency         1/3      9.0s  merged as 3f00d00000
    ✔ #1  One command for all filters  1/3      6.0s  merged as 1f00d00000

    JUST NOW
     13.0s  #2  merged as 2f00d00000 after 11.0s
     14.0s  #4  passed at 4f00d00000 after 1.0s
     18.0s  #5  merged as 5f00d00000 after 4.0s
     18.0s  #6  sent back to the newest target: conflict in bin/text
     18.0s  #6  worker 2 begins attempt 2 of 3
    ");
}

#[test]
fn a_wide_screen_shows_more() {
    insta::assert_snapshot!(frame(19, 120, 40), @r"
    demo → legion/demo/leader                                                                           5 of 7 merged  19.0s
    ██████████████████████████████████████████▓▓▓▓▓▓▓▓▓░░░░░░░░░   71 %
    ◆ critical path #6 → #7   next #7

    WORKING  1 of 3 workers
    ◆ #6  text chain                   w2 2/3   5.0s  mends: conflict in bin/text

    QUEUED  1
    ◆ #7  The program is whole                        after #6

    DONE  5
    ✔ #5  text help                    1/3      4.0s  merged as 5f00d00000
    ✔ #4  The filters hold together             1.0s  passed at 4f00d00000
    ✔ #2  The filter wrap              2/3     11.0s  merged as 2f00d00000
    ✔ #3  The filter frequency         1/3      9.0s  merged as 3f00d00000
    ✔ #1  One command for all filters  1/3      6.0s  merged as 1f00d00000

    JUST NOW
      9.0s  #3  merged as 3f00d00000 after 9.0s
     13.0s  #2  merged as 2f00d00000 after 11.0s
     14.0s  #4  passed at 4f00d00000 after 1.0s
     18.0s  #5  merged as 5f00d00000 after 4.0s
     18.0s  #6  sent back to the newest target: conflict in bin/text
     18.0s  #6  worker 2 begins attempt 2 of 3
    ");
}

#[test]
fn a_narrow_screen_shows_less() {
    insta::assert_snapshot!(frame(19, 44, 23), @r"
    demo → legion/demo/le…  5 of 7 merged  19.0s
    ██████████████████████████▓▓▓▓▓░░░░░░   71 %
    ◆ critical path #6 → #7   next #7

    WORKING  1 of 3 workers
    ◆ #6  text chain        5.0s  mends: confli…

    QUEUED  1
    ◆ #7  The program is…         after #6

    DONE  5
    ✔ #5  text help         4.0s  merged as 5f0…
    ✔ #4  The filters ho…   1.0s  passed at 4f0…
    ✔ #2  The filter wrap  11.0s  merged as 2f0…
    ✔ #3  The filter fre…   9.0s  merged as 3f0…
    ✔ #1  One command fo…   6.0s  merged as 1f0…

    JUST NOW
     13.0s  #2  merged as 2f00d00000 after 11.0s
     14.0s  #4  passed at 4f00d00000 after 1.0s
     18.0s  #5  merged as 5f00d00000 after 4.0s
     18.0s  #6  sent back to the newest target:…
     18.0s  #6  worker 2 begins attempt 2 of 3
    ");
}

#[test]
fn a_short_screen_counts() {
    insta::assert_snapshot!(frame(19, 80, 8), @r"
    demo → legion/demo/leader                                   5 of 7 merged  19.0s
    ██████████████████████████████████████████▓▓▓▓▓▓▓▓▓░░░░░░░░░   71 %
    ◆ critical path #6 → #7   next #7
    1 working, 1 queued, 5 done
    ◆ #6  text chain  w2 2/3  5.0s  mends: conflict in bin/text
    ");
}

#[test]
fn ascii_says_the_same() {
    let text = board(&story(7), &look(7, 80), 23, Glyphs::Ascii);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text, @r"
    demo > legion/demo/leader                                    1 of 7 merged  7.0s
    ########=================...................................   14 %
    * critical path #2 > #4 > #5 > #7   next #4

    WORKING  1 of 3 workers
    \ #3  The filter frequency         w3 1/3  7.0s  its agent works

    MERGING  1
    * #2  The filter wrap              w2 1/3  6.0s  the merge is built

    QUEUED  4
    * #4  The filters hold together                  after #2 #3
    * #5  text help                                  after #4
    - #6  text chain                                 after #4
    * #7  The program is whole                       after #5 #6

    DONE  1
    + #1  One command for all filters  1/3     6.0s  merged as 1f00d00000

    JUST NOW
      6.0s  #1  merged as 1f00d00000 after 6.0s
      7.0s  #2  gate `sh tests/wrap.sh` failed with exit code 1 (wrap: 2 of 4 check~
    ");
}

#[test]
fn every_frame_fits_its_screen() {
    for seconds in 0..=22 {
        for (columns, lines) in [(80, 23), (200, 60), (40, 12), (20, 5), (10, 3), (132, 2), (60, 9)] {
            fits(&frame(seconds, columns, lines), columns, lines);
            let ascii = board(&story(seconds), &look(seconds, columns), lines, Glyphs::Ascii);
            fits(&ascii, columns, lines);
        }
    }
}

#[test]
fn ten_thousand_tickets_make_a_bounded_frame() {
    let mut many = Board::new("demo", "legion/demo/leader", 8);
    for number in 1..=10_000_u32 {
        let after = if number > 8 { vec![number - 8] } else { vec![] };
        many.add(BoardTicket::queued(number, &format!("ticket number {number}"), after));
    }
    let text = board(&many, &look(1, 80), 23, Glyphs::Unicode);
    fits(&text, 80, 23);
    assert!(text.contains("10000, 9981 more"), "{text}");
}

#[test]
fn a_title_cannot_send_anything_to_the_terminal() {
    let mut evil = Board::new("demo", "t", 1);
    evil.add(BoardTicket::queued(1, "\u{1b}[2Jevil", vec![]));
    assert!(!board(&evil, &look(1, 80), 23, Glyphs::Unicode).contains('\u{1b}'));
    assert!(!end_table(&evil, &look(1, 80), Glyphs::Unicode).contains('\u{1b}'));
}

#[test]
fn lines_for_ci_tell_each_change_once() {
    let mut told = Board::new("demo", "legion/demo/leader", 3);
    let mut lines = Vec::new();
    for event in samples::events(22) {
        if let Some(change) = told.take(&event) {
            lines.push(board_line(&change, &told, &crate::view::samples::look(), Glyphs::Unicode));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    12:00:00Z  #1  worker 1 begins attempt 1 of 3: One command for all filters
    12:00:00Z  #2  worker 2 begins attempt 1 of 3: The filter wrap
    12:00:00Z  #3  worker 3 begins attempt 1 of 3: The filter frequency
    12:00:04Z  #1  1 file changed, +12 -0: One command for all filters
    12:00:05Z  #2  1 file changed, +12 -0: The filter wrap
    12:00:06Z  #1  merged as 1f00d00000 after 6.0s: One command for all filters
    12:00:07Z  #2  gate `sh tests/wrap.sh` failed with exit code 1 (wrap: 2 of 4 checks failed); it runs once more: The filter wrap
    12:00:08Z  #2  sent back: the gate `sh tests/wrap.sh` failed with exit code 1 (wrap: 2 of 4 checks failed): The filter wrap
    12:00:08Z  #3  1 file changed, +12 -0: The filter frequency
    12:00:09Z  #2  worker 2 begins attempt 2 of 3: The filter wrap
    12:00:09Z  #3  merged as 3f00d00000 after 9.0s: The filter frequency
    12:00:12Z  #2  1 file changed, +12 -0: The filter wrap
    12:00:13Z  #2  merged as 2f00d00000 after 11.0s: The filter wrap
    12:00:13Z  #4  its gates are asked: The filters hold together
    12:00:14Z  #4  passed at 4f00d00000 after 1.0s: The filters hold together
    12:00:14Z  #5  worker 1 begins attempt 1 of 3: text help
    12:00:14Z  #6  worker 2 begins attempt 1 of 3: text chain
    12:00:17Z  #5  1 file changed, +12 -0: text help
    12:00:18Z  #5  merged as 5f00d00000 after 4.0s: text help
    12:00:18Z  #6  1 file changed, +12 -0: text chain
    12:00:18Z  #6  sent back to the newest target: conflict in bin/text: text chain
    12:00:18Z  #6  worker 2 begins attempt 2 of 3: text chain
    12:00:20Z  #6  1 file changed, +12 -0: text chain
    12:00:21Z  #6  merged as 6f00d00000 after 7.0s: text chain
    12:00:21Z  #7  its gates are asked: The program is whole
    12:00:22Z  #7  passed at 7f00d00000 after 1.0s: The program is whole
    ");
}

#[test]
fn the_end_table_counts_and_says_how_to_land() {
    insta::assert_snapshot!(end_table(&story(22), &look(30, 100), Glyphs::Unicode), @r"
    TICKET  TITLE                        RESULT  ATTEMPTS  TIME   COST     EVIDENCE
    #1      One command for all filters  merged  1         6.0s            1f00d00000
    #2      The filter wrap              merged  2         11.0s  $0.0123  2f00d00000
    #3      The filter frequency         merged  1         9.0s            3f00d00000
    #4      The filters hold together    passed  1         1.0s            4f00d00000
    #5      text help                    merged  1         4.0s            5f00d00000
    #6      text chain                   merged  2         7.0s            6f00d00000
    #7      The program is whole         passed  1         1.0s            7f00d00000

    tickets   7: 5 merged, 2 checkpoints passed
    attempts  9: 7 went through, 1 failed, 1 conflict
    gates     9 runs in 9.0s, 1 more answered from the cache
    cost      $0.0123
    time      22.0s; one attempt after the other 39.0s: 1.8 × as fast
    at best   20.0s, the largest of: critical path 20.0s (#2 → #4 → #6 → #7), agents' time shared by 3
              workers 9.6s, merges one by one 10.0s; 91 % of that speed was reached

    All merged and green on legion/demo/leader.
    next: `legion land` brings legion/demo/leader onto your branch
    ");
}

#[test]
fn the_end_table_names_what_failed_and_the_next_command() {
    insta::assert_snapshot!(end_table(&failure(), &look(30, 100), Glyphs::Unicode), @r"
    TICKET  TITLE                        RESULT  ATTEMPTS  TIME  EVIDENCE
    #1      One command for all filters  merged  1         6.0s  1f00d00000
    #2      The filter wrap              error   1         7.0s  the gate `sh tests/wrap.sh` failed wit…
    #3      The filter frequency         merged  1         9.0s  3f00d00000
    #4      The filters hold together    queued  0         0.0s
    #5      text help                    queued  0         0.0s
    #6      text chain                   queued  0         0.0s
    #7      The program is whole         queued  0         0.0s

    tickets   7: 2 merged, 1 not merged, 4 waiting
    attempts  3: 2 went through, 1 failed
    gates     4 runs in 4.0s
    time      9.0s; one attempt after the other 22.0s: 2.4 × as fast

    #2 The filter wrap failed (task): the gate `sh tests/wrap.sh` failed with exit code 1
      next: `legion why 2`, `legion diff 2`, then `legion retry 2`
    #4 #5 #6 #7 wait for what is not merged
    What is merged is green: `legion land` brings legion/demo/leader onto your branch
    ");
}

#[test]
fn programs_read_the_same_numbers() {
    let document = end_document(&story(22), samples::at(30));
    assert_eq!(document["verdict"], "merged");
    assert_eq!(document["attempts"], 9);
    assert_eq!(document["conflicts"], 1);
    assert_eq!(document["merges"], 7);
    assert_eq!(document["seconds"], 22.0);
    assert_eq!(document["tickets"][1]["attempts"], 2);
    assert_eq!(document["tickets"][1]["cost_usd"], 0.0123);
    assert_eq!(document["bound"]["critical_path"], serde_json::json!([2, 4, 6, 7]));
}

#[test]
fn events_of_other_sessions_and_bodies_that_are_not_understood_harm_nothing() {
    use serde_json::json;
    let mut told = story(22);
    let before = format!("{told:?}");
    for body in [
        json!(null),
        json!([]),
        json!({"ticket": "x"}),
        json!({"session": "other", "ticket": 1}),
        json!({"ticket": 99}),
    ] {
        for kind in [
            "ticket-added",
            "attempt-began",
            "attempt-ended",
            "ticket-closed",
            "landing-began",
            "gate-judged",
            "run-ended",
        ] {
            assert_eq!(told.take(&samples::event(23, kind, body.clone())), None);
        }
    }
    assert_eq!(format!("{told:?}"), before);
}

#[test]
fn the_end_table_fits_a_narrow_terminal() {
    for columns in [20, 40, 60] {
        for board in [story(22), failure()] {
            let text = end_table(&board, &look(30, columns), Glyphs::Ascii);
            text.lines().for_each(|line| assert!(width(line) <= columns, "{columns}: {line}"));
        }
    }
}
