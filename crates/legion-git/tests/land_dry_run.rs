//! What a landing would do is told without doing it, and what it brought is known afterwards.

mod support;

use legion_git::{LandError, LandInto, LandMode, LandPlan, PersonRepo};
use support::{Project, git, name, oid, plain, write};

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_moves_nothing() {
    let project = Project::new().await;
    let repo = PersonRepo::discover(git().await, &project.person).await.unwrap();
    let tip = project.commit_with(&project.base, &[("new", Some("n\n"))]);
    let plan = LandPlan {
        control_dir: project.control.dir().to_owned(),
        commit: tip.clone(),
        into: LandInto::Current,
        mode: LandMode::FastForward,
        message: "land".to_owned(),
    };
    let told = repo.land_dry_run(&plan).await.unwrap();
    assert_eq!((told.old.as_ref(), &told.new, told.shown().as_str()), (Some(&project.base), &tip, "main"));
    assert_eq!(oid(&project.person, "HEAD"), project.base);
    assert!(!project.person.join("new").exists());
    let other = LandPlan { into: LandInto::Branch(name("refs/heads/other")), ..plan.clone() };
    assert_eq!(repo.land_dry_run(&other).await.unwrap().old, None);
    assert_eq!(repo.resolve("refs/heads/other").await.unwrap(), None);
    write(project.person.join("new"), "mine");
    assert!(matches!(repo.land_dry_run(&plan).await.unwrap_err(), LandError::InTheWay { .. }));
    std::fs::remove_file(project.person.join("new")).unwrap();

    let landed = repo.land(&plan).await.unwrap();
    assert_eq!(landed, told);
    assert_eq!(repo.landed_commits(&landed, 10).await.unwrap(), std::slice::from_ref(&tip));
    let again = repo.land(&plan).await.unwrap();
    assert_eq!((again.old.as_ref(), &again.new), (Some(&tip), &tip));
    assert!(repo.landed_commits(&again, 10).await.unwrap().is_empty());
    let fresh = repo.land(&other).await.unwrap();
    assert_eq!(repo.landed_commits(&fresh, 1).await.unwrap(), [tip]);
    assert_eq!(plain(&project.person, &["rev-parse", "other"]), fresh.new.as_str());
}

#[tokio::test]
async fn whether_a_commit_of_the_person_is_in_what_was_merged_is_known() {
    let project = Project::new().await;
    let repo = PersonRepo::discover(git().await, &project.person).await.unwrap();
    let tip = project.commit_with(&project.base, &[("new", Some("n\n"))]);
    assert!(repo.is_held_by(&project.base, project.control.dir(), &tip).await.unwrap());
    assert!(repo.is_held_by(&tip, project.control.dir(), &tip).await.unwrap());
    assert!(repo.is_on_a_branch(&project.base).await.unwrap());
    assert!(!repo.is_on_a_branch(&tip).await.unwrap(), "its objects alone are no branch");
    assert!(!repo.is_on_a_branch(&"1".repeat(40).parse().unwrap()).await.unwrap());
    write(project.person.join("own"), "o");
    let own = support::commit_all(&project.person, "own");
    assert!(!repo.is_held_by(&own, project.control.dir(), &tip).await.unwrap());
    assert_eq!(plain(&project.person, &["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}
