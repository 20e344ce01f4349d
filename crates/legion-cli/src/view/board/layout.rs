//! How many lines each part of the board gets.

use std::collections::BTreeMap;

use super::group::Group;

/// Lines of the head when there is room: names, bar, path.
const HEAD_LINES: usize = 3;
/// Changes that are shown when there is more to show of all.
const NEWS_FIRST: usize = 3;
/// Changes that are shown at most.
const NEWS_MAX: usize = 6;
/// Rows of a group before others get their second one.
const ROWS_FIRST: usize = 3;
/// Who gets lines first.
const BY_WEIGHT: [Group; 6] =
    [Group::Working, Group::Error, Group::Merging, Group::Verifying, Group::Queued, Group::Done];

/// The lines of one frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub head: usize,
    /// The groups are counted in one line and not listed.
    pub folded: bool,
    /// Rows of each group that has tickets, without its heading.
    pub rows: BTreeMap<Group, usize>,
    pub news: usize,
    /// A blank line above each group and above the news.
    pub airy: bool,
}

/// Shares out the lines of a screen.
pub(super) fn layout(counts: &BTreeMap<Group, usize>, news: usize, lines: usize) -> Layout {
    let groups = counts.len();
    let head = HEAD_LINES.min(lines.saturating_sub(1)).max(1);
    let left = lines.saturating_sub(head);
    let mut layout = Layout { head, ..Layout::default() };
    // Headings without a row under them say less than a line with all counts and the rows of those that work.
    let folded = left < 2 * groups;
    let mut left = left.saturating_sub(if folded { 1 } else { groups });
    layout.folded = folded;
    let shown: &[Group] = if folded { &BY_WEIGHT[..1] } else { &BY_WEIGHT };
    let news = if folded { 0 } else { news };
    left = give_rows(&mut layout, counts, shown, 1, left);
    // Who works is what one looks for; the last thing that happened is worth two lines all the same.
    let kept = if news > 0 { left.min(2) } else { 0 };
    left = give_rows(&mut layout, counts, &BY_WEIGHT[..1], usize::MAX, left - kept) + kept;
    left = give_news(&mut layout, news.min(NEWS_FIRST), left);
    left = give_rows(&mut layout, counts, shown, ROWS_FIRST, left);
    left = give_news(&mut layout, news.min(NEWS_MAX), left);
    left = give_rows(&mut layout, counts, shown, usize::MAX, left);
    // Air is worth more than old news.
    let air = groups + usize::from(layout.news > 0);
    let old = layout.news.saturating_sub(NEWS_FIRST);
    if left < air && left + old >= air {
        layout.news -= air - left;
        left = air;
    }
    layout.airy = !folded && left >= air;
    layout
}

/// Gives the groups so many rows each, as far as the lines go; returns what is left of these.
fn give_rows(
    layout: &mut Layout,
    counts: &BTreeMap<Group, usize>,
    groups: &[Group],
    most: usize,
    mut left: usize,
) -> usize {
    for group in groups.iter().filter(|group| counts.contains_key(group)) {
        let rows = layout.rows.entry(*group).or_default();
        let more = counts[group].min(most).saturating_sub(*rows).min(left);
        *rows += more;
        left -= more;
    }
    left
}

/// Gives the news so many lines, and one for its heading; returns what is left.
fn give_news(layout: &mut Layout, most: usize, left: usize) -> usize {
    let heading = usize::from(layout.news == 0);
    let more = most.saturating_sub(layout.news).min(left.saturating_sub(heading));
    if more == 0 {
        return left;
    }
    layout.news += more;
    left - more - heading
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[(Group, usize)], news: usize, lines: usize) -> Layout {
        layout(&counts.iter().copied().collect(), news, lines)
    }

    fn lines(layout: &Layout) -> usize {
        let rows: usize = layout.rows.values().sum();
        let headings = if layout.folded { 1 } else { layout.rows.len() };
        let news = if layout.news > 0 { layout.news + 1 } else { 0 };
        let air = if layout.airy { layout.rows.len() + usize::from(layout.news > 0) } else { 0 };
        layout.head + headings + rows + news + air
    }

    #[test]
    fn a_frame_is_never_higher_than_the_screen() {
        let many = [(Group::Working, 30), (Group::Verifying, 3), (Group::Merging, 9), (Group::Queued, 9_000)];
        let all = [many.as_slice(), &[(Group::Done, 900), (Group::Error, 5)]].concat();
        for (counts, news) in [(&all[..], 50), (&all[..1], 2), (&[(Group::Done, 7)][..], 9), (&[][..], 0)] {
            for height in 2..80 {
                let layout = of(counts, news, height);
                assert!(lines(&layout) <= height, "{height}: {layout:?}");
            }
        }
    }

    #[test]
    fn each_group_shows_a_row_before_one_shows_all() {
        let counts = [(Group::Working, 8), (Group::Queued, 100), (Group::Done, 50), (Group::Error, 2)];
        let layout = of(&counts, 9, 23);
        assert_eq!(layout.rows[&Group::Working], 8);
        assert_eq!(layout.rows[&Group::Error], 2);
        assert!(layout.rows[&Group::Queued] >= 1 && layout.rows[&Group::Done] >= 1, "{layout:?}");
        assert!(layout.news >= 3);
    }

    #[test]
    fn a_short_screen_counts_and_shows_who_works() {
        let counts = [(Group::Working, 8), (Group::Queued, 100), (Group::Done, 50), (Group::Error, 2)];
        let layout = of(&counts, 9, 9);
        assert!(layout.folded);
        assert_eq!(layout.rows, BTreeMap::from([(Group::Working, 5)]));
    }
}
