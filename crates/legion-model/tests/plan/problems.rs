use legion_model::plan::{
    Known, PlanSpec, ProblemKind, SessionSpec, TicketFields, TicketSpec, UpstreamSpec, bounds, check,
};

use crate::build::{plan, refused, texts, ticket};

/// The one problem of a plan whose only ticket was changed so.
fn fault(change: impl FnOnce(&mut TicketSpec)) -> String {
    let mut one = ticket("a", &[]);
    change(&mut one);
    let mut sentences = refused(&plan(vec![one]));
    assert_eq!(sentences.len(), 1, "{sentences:?}");
    sentences.remove(0)
}

fn field_fault(change: impl FnOnce(&mut TicketFields)) -> String {
    fault(|ticket| change(&mut ticket.fields))
}

fn session_fault(session: SessionSpec) -> String {
    let mut sentences = refused(&PlanSpec { session, ..plan(vec![ticket("a", &[])]) });
    assert_eq!(sentences.len(), 1, "{sentences:?}");
    sentences.remove(0)
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut tickets = vec![
        ticket("schema", &["login"]),
        ticket("api", &["shcema", "api"]),
        ticket("login", &["api2", "schema"]),
        ticket("schema", &[]),
    ];
    tickets[1].fields.max_attempts = Some(0);
    tickets[2].fields.files = Some(texts(&["src/[a"]));
    tickets[3].fields.criteria = None;
    let plan = PlanSpec { session: SessionSpec { workers: Some(0), ..SessionSpec::default() }, ..plan(tickets) };
    assert_eq!(
        refused(&plan),
        [
            "[session]: `workers` is 0; it must be 1 to 64",
            "ticket `api`: `max_attempts` is 0; it must be 1 to 10",
            "ticket `login`: `src/[a` in `files` is no glob: `[` is not closed",
            "ticket `schema`: it has neither `criteria` nor `gate`, so nothing can tell when it is done",
            "ticket `schema`: tickets number 1 and 4 both have this `id`; ids must differ",
            "ticket `api`: `after` names `shcema`, but no ticket has that `id`; did you mean `schema`?",
            "ticket `api`: it waits for itself in `after`",
            "ticket `login`: `after` names `api2`, but no ticket has that `id`; did you mean `api`?",
            "ticket `schema`: tickets wait for each other in a circle, so none can start: `schema` → `login` → `schema`",
        ]
    );
    let problems = check(&plan, &Known::default()).unwrap_err();
    assert_eq!(problems[0].ticket, None);
    assert_eq!(problems[1].ticket.as_deref(), Some("api"));
    assert_eq!(problems[8].kind, ProblemKind::Circle);
}

#[test]
fn what_is_said_beside_an_upstream_is_a_known_word_and_said_once() {
    let upstream =
        |key: &str, word: Option<&str>| UpstreamSpec { key: key.to_owned(), on_upstream: word.map(str::to_owned) };
    let mut last = ticket("last", &[]);
    last.after = vec![
        upstream("a", Some("skip")),
        upstream("a", None),
        upstream("a", Some("fail")),
        upstream("b", Some("cry")),
        upstream("b", Some("cry")),
    ];
    assert_eq!(
        refused(&plan(vec![last, ticket("a", &[]), ticket("b", &[])])),
        [
            "ticket `last`: `after` names `a` twice, and not with the same `on_upstream`",
            "ticket `last`: `on_upstream` of `b` in `after` is `cry`; it must be `skip`, `fail` or `wait`",
            "ticket `last`: `on_upstream` of `b` in `after` is `cry`; it must be `skip`, `fail` or `wait`",
        ]
    );
}

#[test]
fn a_plan_without_tickets_is_refused() {
    assert_eq!(refused(&PlanSpec::default()), ["the plan has no ticket; write at least one `[[ticket]]`"]);
}

#[test]
fn ten_thousand_tickets_are_taken_and_one_more_is_not() {
    let many = |count: usize| plan((0..count).map(|number| ticket(&number.to_string(), &[])).collect());
    assert!(check(&many(bounds::TICKETS_MAX), &Known::default()).is_ok());
    assert_eq!(
        refused(&many(bounds::TICKETS_MAX + 1)),
        ["the plan has 10001 tickets; it may have at most 10000, so cut it into several plans"]
    );
}

#[test]
fn each_circle_is_named_in_its_order() {
    let circle = refused(&plan(vec![
        ticket("a", &["b"]),
        ticket("b", &["c"]),
        ticket("c", &["a"]),
        ticket("x", &["y"]),
        ticket("y", &["x", "a"]),
        ticket("z", &["a"]),
    ]));
    assert_eq!(
        circle,
        [
            "ticket `a`: tickets wait for each other in a circle, so none can start: `a` → `b` → `c` → `a`",
            "ticket `x`: tickets wait for each other in a circle, so none can start: `x` → `y` → `x`",
        ]
    );
    let count = 100;
    let ring = (0..count).map(|at| ticket(&format!("t{at}"), &[&format!("t{}", (at + 1) % count)])).collect();
    let sentences = refused(&plan(ring));
    assert_eq!(sentences.len(), 1);
    assert!(sentences[0].ends_with("`t10` → `t11` → (88 more) → `t0`"), "{}", sentences[0]);
}

#[test]
fn ids_that_could_not_be_a_part_of_a_branch_are_refused() {
    for (key, reason) in [
        ("", "ticket number 1: its `id` is missing"),
        ("-f", "ticket `-f`: its `id` must begin with a letter or a digit"),
        ("a b", "ticket `a b`: its `id` has ' '; it may have letters, digits, `-`, `_` and `.`"),
        ("a/b", "ticket `a/b`: its `id` has '/'; it may have letters, digits, `-`, `_` and `.`"),
        (
            "a..b",
            "ticket `a..b`: its `id` cannot become part of a branch: it has `..`, which git allows in no name of a branch",
        ),
        ("a.lock", "ticket `a.lock`: its `id` cannot become part of a branch: a part ends with `.lock`"),
    ] {
        assert_eq!(fault(|ticket| ticket.key = key.to_owned()), reason);
    }
    let escape = fault(|ticket| ticket.key = "\u{1b}[2J".to_owned());
    assert!(!escape.contains('\u{1b}'), "{escape:?}");
    assert!(fault(|ticket| ticket.key = "k".repeat(65)).ends_with("is longer than 64 bytes"));
}

#[test]
fn somebody_must_know_what_to_do_and_when_it_is_done() {
    let said = fault(|ticket| ticket.title = None);
    assert_eq!(said, "ticket `a`: it has neither `prompt` nor `title`, so nobody knows what to do");
    let said = fault(|ticket| (ticket.title, ticket.prompt) = (Some(" ".to_owned()), Some("\n".to_owned())));
    assert!(said.contains("neither `prompt` nor `title`"), "{said}");
    for criteria in [None, Some(vec![]), Some(texts(&["", " "]))] {
        let said = field_fault(|fields| fields.criteria = criteria);
        assert_eq!(said, "ticket `a`: it has neither `criteria` nor `gate`, so nothing can tell when it is done");
    }
}

#[test]
fn a_checkpoint_needs_a_gate_from_anywhere() {
    let checkpoint = |own: Option<&str>, defaults: Option<&str>, has_gates: bool| {
        let mut one = ticket("a", &[]);
        one.fields.checkpoint = Some(true);
        one.fields.gate = own.map(|gate| vec![gate.to_owned()]);
        let mut plan = plan(vec![one]);
        plan.defaults.gate = defaults.map(|gate| vec![gate.to_owned()]);
        check(&plan, &Known { has_gates, ..Known::default() })
    };
    let problems = checkpoint(None, None, false).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].sentence.starts_with("ticket `a`: a checkpoint needs a gate: "), "{}", problems[0]);
    assert!(checkpoint(Some("make"), None, false).is_ok());
    assert!(checkpoint(None, Some("make"), false).is_ok());
    assert!(checkpoint(None, None, true).is_ok());
    // They tell of other work, too, whether it is good.
    let mut work = ticket("a", &[]);
    work.fields.criteria = None;
    assert!(check(&plan(vec![work]), &Known { has_gates: true, ..Known::default() }).is_ok());
    let said = field_fault(|fields| (fields.checkpoint, fields.gate) = (Some(true), Some(vec![])));
    assert!(said.contains("a checkpoint needs a gate"), "{said}");
}

#[test]
fn gates_that_would_always_pass_are_refused() {
    for gate in [vec![""], vec!["make", "  "]] {
        let said = field_fault(|fields| fields.gate = Some(texts(&gate)));
        assert_eq!(said, "ticket `a`: `gate` has an empty command, which would pass whatever happens");
    }
}

#[test]
fn numbers_outside_of_their_limits_are_refused() {
    for attempts in [0, 11] {
        let said = field_fault(|fields| fields.max_attempts = Some(attempts));
        assert_eq!(said, format!("ticket `a`: `max_attempts` is {attempts}; it must be 1 to 10"));
    }
    for worker in [0, 65] {
        let said = field_fault(|fields| fields.worker = Some(worker));
        assert_eq!(said, format!("ticket `a`: `worker` is {worker}; it must be 1 to 64"));
    }
    let said = field_fault(|fields| fields.timeout_seconds = Some(0));
    assert_eq!(said, "ticket `a`: `timeout` is 0; it must be at least a second");
    let said = field_fault(|fields| fields.timeout_seconds = Some(86_401));
    assert_eq!(said, "ticket `a`: `timeout` is 86401 seconds; it must be at most 24 hours");
    let said = field_fault(|fields| fields.gate_timeout_seconds = Some(0));
    assert_eq!(said, "ticket `a`: `gate_timeout` is 0; it must be at least a second");
    let said = session_fault(SessionSpec { workers: Some(65), ..SessionSpec::default() });
    assert_eq!(said, "[session]: `workers` is 65; it must be 1 to 64");
}

#[test]
fn words_that_are_not_known_are_refused_with_those_that_are() {
    let said = field_fault(|fields| fields.on_upstream = Some("ignore".to_owned()));
    assert_eq!(said, "ticket `a`: `on_upstream` is `ignore`; it must be `skip`, `fail` or `wait`");
    let said = field_fault(|fields| fields.driver = Some("cluade".to_owned()));
    assert_eq!(said, "ticket `a`: `driver` is `cluade`; it must be `claude` or `command`");
    let said = session_fault(SessionSpec { overlap: Some("stop".to_owned()), ..SessionSpec::default() });
    assert_eq!(said, "[session]: `overlap` is `stop`; it must be `warn` or `hold`");
    let mut one = ticket("a", &[]);
    one.fields.team = Some("back_team".to_owned());
    let known = Known { teams: Some(texts(&["solo", "qa_team"])), ..Known::default() };
    let problems = check(&plan(vec![one]), &known).unwrap_err();
    assert_eq!(problems[0].sentence, "ticket `a`: there is no team `back_team`; there is `solo` and `qa_team`");
}

#[test]
fn driver_and_command_go_together() {
    let said = field_fault(|fields| fields.driver = Some("command".to_owned()));
    assert_eq!(said, "ticket `a`: its driver is `command`, but it has no `command`");
    let said = field_fault(|fields| {
        (fields.driver, fields.command) = (Some("claude".to_owned()), Some(texts(&["true"])));
    });
    assert_eq!(said, "ticket `a`: its driver is `claude`, which takes no `command`");
    for command in [vec![], vec![" "]] {
        let said = field_fault(|fields| fields.command = Some(texts(&command)));
        assert_eq!(said, "ticket `a`: `command` names no program");
    }
}

#[test]
fn names_of_branches_and_sessions_are_what_git_takes() {
    let target = |name: &str| SessionSpec { target: Some(name.to_owned()), ..SessionSpec::default() };
    assert_eq!(
        session_fault(target("--force")),
        "[session]: `target` cannot be `--force`: it begins with `-`, like an option"
    );
    assert!(session_fault(target("a..b")).contains("`..`, which git allows in no name of a branch"));
    let from = SessionSpec { from: Some("-x".to_owned()), ..SessionSpec::default() };
    assert_eq!(session_fault(from), "[session]: `from` cannot be `-x`: it begins with `-`, like an option");
    let name = |name: &str| SessionSpec { name: Some(name.to_owned()), ..SessionSpec::default() };
    for wrong in ["a/b", "Auth", "-a", "", "a..b"] {
        let said = session_fault(name(wrong));
        assert!(
            said.starts_with(&format!("[session]: `{wrong}` cannot be the name of a session: small letters")),
            "{said}"
        );
    }
}

#[test]
fn globs_of_the_session_and_caps_are_checked() {
    let session = SessionSpec { protect: texts(&["/etc"]), ..SessionSpec::default() };
    assert!(session_fault(session).starts_with("[session]: `/etc` in `protect` is no glob: it begins with `/`"));
    let caps =
        |group: &str, cap| SessionSpec { group_caps: [(group.to_owned(), cap)].into(), ..SessionSpec::default() };
    assert_eq!(session_fault(caps("db", 0)), "[session]: the cap of group `db` is 0; it must be 1 to 64");
    assert!(session_fault(caps("d b", 1)).contains("it has a space or a control character"));
}

#[test]
fn texts_and_lists_have_limits() {
    let long = "x".repeat(bounds::TEXT_BYTES_MAX + 1);
    assert!(fault(|ticket| ticket.prompt = Some(long.clone())).contains("`prompt` is longer than 1 MiB"));
    assert!(field_fault(|fields| fields.context = Some(long.clone())).contains("`context` is longer than 1 MiB"));
    assert!(fault(|ticket| ticket.title = Some("two\nlines".to_owned())).contains("`title` is not one line"));
    assert!(fault(|ticket| ticket.title = Some("ü".repeat(201))).contains("`title` is longer than 200 characters"));
    assert!(fault(|ticket| ticket.prompt = Some("a\0".to_owned())).contains("`prompt` has a NUL character"));
    let item = Some(vec!["x".repeat(bounds::ITEM_BYTES_MAX + 1)]);
    assert!(field_fault(|fields| fields.gate = item.clone()).contains("`gate` has an entry of more than 8 KiB"));
    let two = Some(vec!["x".to_owned(), "x".repeat(bounds::ITEM_BYTES_MAX + 1)]);
    assert!(field_fault(|fields| fields.criteria = two).contains("`criteria` has an entry of more than 8 KiB"));
    assert!(field_fault(|fields| fields.gate = Some(texts(&["a\0"]))).contains("`gate` has a NUL character"));
    let many = vec!["a".to_owned(); bounds::LIST_MAX + 1];
    assert!(field_fault(|fields| fields.files = Some(many.clone())).contains("`files` has 201 entries"));
    assert!(field_fault(|fields| fields.model = Some("--model".to_owned())).contains("like an option"));
}

#[test]
fn faults_of_the_defaults_are_told_once() {
    let mut plan = plan(vec![ticket("a", &[]), ticket("b", &[])]);
    plan.defaults.max_attempts = Some(99);
    assert_eq!(refused(&plan), ["[defaults]: `max_attempts` is 99; it must be 1 to 10"]);
}

#[test]
fn very_many_problems_are_counted_and_not_all_told() {
    let tickets = (0..3_000).map(|number| ticket(&number.to_string(), &["nobody"])).collect();
    let sentences = refused(&plan(tickets));
    assert_eq!(sentences.len(), bounds::PROBLEMS_MAX + 1);
    assert_eq!(sentences.last().unwrap(), "the plan has 2000 problems more");
}

#[test]
fn a_short_plan_that_stands_for_very_much_is_refused() {
    let mut large = plan((0..200).map(|number| ticket(&number.to_string(), &[])).collect());
    large.defaults.context = Some("x".repeat(bounds::TEXT_BYTES_MAX));
    assert_eq!(
        refused(&large),
        ["the plan's texts come to 200 MiB with `[defaults]` in each ticket; they may have at most 128 MiB"]
    );
    let mut globs = plan((0..2_000).map(|number| ticket(&number.to_string(), &[])).collect());
    globs.defaults.files = Some(vec![format!("{}{}", "{a,b}".repeat(6), "*x".repeat(400))]);
    assert_eq!(
        refused(&globs),
        [
            "the globs in `files` of all tickets come to more than 8 MiB with their braces written out; write shorter ones"
        ]
    );
}

#[test]
fn a_ticket_waits_for_a_thousand_others_and_not_for_more() {
    let wide = |count: usize| {
        let keys: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        let mut tickets: Vec<TicketSpec> = keys.iter().map(|key| ticket(key, &[])).collect();
        tickets.push(ticket("last", &keys.iter().map(String::as_str).collect::<Vec<_>>()));
        plan(tickets)
    };
    assert!(check(&wide(bounds::AFTER_MAX), &Known::default()).is_ok());
    assert_eq!(
        refused(&wide(bounds::AFTER_MAX + 1)),
        ["ticket `last`: `after` names 1001 tickets; it may name at most 1000, so put checkpoints between"]
    );
}
