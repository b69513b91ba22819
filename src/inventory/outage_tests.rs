//! Lists that fail: one page of a list, all lists for a while, and all lists for so long that rows are not believed any
//! more.

use std::time::Duration;

use pai_emulator::{Effect, Fault, Knobs, When};

use super::stage::*;
use super::{ListError, Swept};

/// A fault that makes `count` lists fail: of this page only, or of any page.
fn failing(page: Option<u32>, effect: Effect, count: u32) -> Fault {
    Fault { operation: "ListDatasets".into(), page, effect, when: When::Before, count, ..Fault::default() }
}

fn is_failed_call(trouble: Option<&ListError>) -> bool {
    matches!(trouble, Some(ListError::Call(_)))
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_half_way_is_waited_for_and_the_others_are_kept() {
    for effect in [Effect::Error, Effect::Reset, Effect::Garble] {
        let mut stage = Stage::new(all_marked(250), Knobs::default()).await;
        stage.recorded(0..250);
        stage.emulator.add_faults([failing(Some(2), effect, 3)]);
        assert!(matches!(stage.inventory.want(WORKSPACE, Some(&key(300))), Swept::Soon));
        stage.until("the fault struck", |stage| is_failed_call(stage.trouble(None).as_ref())).await;
        stage.until("the other two pages came", |stage| stage.known(250) == 150).await;
        assert_eq!(stage.woken(), once(&[300]), "who waits is told");
        assert!(!stage.inventory.is_swept(WORKSPACE), "{effect:?}");
        // The other pages succeeded meanwhile; the failure of one page is reported all the same.
        assert!(is_failed_call(stage.trouble(Some(301)).as_ref()));
        stage.swept().await;
        assert_eq!((stage.calls(), stage.known(250)), ((3, 3, 0), 250), "only that page was tried again");
        assert_eq!(stage.woken(), once(&[300, 301]));

        stage.emulator.add_faults([failing(Some(2), effect, 2)]);
        stage.rounds(1).await;
        assert_eq!((stage.calls(), stage.known(250), stage.woken()), ((6, 5, 0), 250, vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_goes_on_as_soon_as_its_remote_was_shown() {
    let mut stage = Stage::new(all_marked(250), Knobs::default()).await;
    stage.recorded(0..250);
    stage.emulator.add_faults([failing(Some(2), Effect::Error, 1000)]);
    assert!((0..250).all(|number| stage.trouble(Some(number)).is_none()));
    stage.until("two of three pages", |stage| stage.calls().0 == 2).await;
    stage.pass(RESYNC).await;
    let woken: Vec<_> = stage.woken().into_iter().map(|(name, _)| name).collect();
    assert!((0..100).chain(200..250).all(|number| woken.contains(&format!("o-{number}"))));
    stage.emulator.clear_faults();
    stage.swept().await;
    assert_eq!(stage.woken(), once(&(100..200).collect::<Vec<_>>()), "the others had all they need");
}

#[tokio::test(start_paused = true)]
async fn a_first_list_that_fails_is_told_once_and_recovers_by_itself() {
    let mut stage = Stage::new(all_marked(3), Knobs::default()).await;
    stage.emulator.add_faults([failing(None, Effect::Error, 1000)]);
    assert!(stage.trouble(Some(1)).is_none());
    let calls = stage.pass(RESYNC * 5).await.len();
    assert!((8..=20).contains(&calls), "at most every 30 s: {calls}");
    assert!(is_failed_call(stage.trouble(None).as_ref()));
    assert_eq!(stage.woken(), once(&[1]));
    // A failure of another kind wakes again.
    stage.emulator.clear_faults();
    stage.emulator.add_faults([Fault {
        status: 403,
        code: "NoPermission".into(),
        ..failing(None, Effect::Error, 1000)
    }]);
    stage.pass(RESYNC).await;
    assert_eq!(stage.woken(), once(&[1]));
    stage.emulator.clear_faults();
    stage.pass(RESYNC).await;
    assert!(stage.inventory.is_swept(WORKSPACE));
    assert_eq!(stage.woken(), once(&[1]));
}

#[tokio::test(start_paused = true)]
async fn a_first_page_that_is_refused_is_not_the_end_of_an_empty_workspace() {
    for (status, code) in [(400, "200800001"), (404, "201300003"), (400, "PageNumberExceed")] {
        let mut stage = Stage::new(all_marked(3), Knobs::default()).await;
        stage.recorded(0..3);
        let refused = Fault { status, code: code.into(), ..failing(Some(1), Effect::Error, 1000) };
        stage.emulator.add_faults([refused]);
        assert!(stage.trouble(Some(1)).is_none());
        let answered = |stage: &Stage| stage.inventory.is_swept(WORKSPACE) || stage.trouble(None).is_some();
        stage.until("something came of the list", answered).await;
        assert!(!stage.inventory.is_swept(WORKSPACE), "{code}: nothing may be created here");
        assert!(is_failed_call(stage.trouble(None).as_ref()), "{code}");
        stage.emulator.clear_faults();
        stage.swept().await;
        assert_eq!(stage.known(3), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_seen_for_too_long_is_not_known_until_it_is_seen_again() {
    let mut stage = Stage::new(all_marked(250), Knobs::default()).await;
    stage.recorded(0..250);
    stage.swept().await;
    // Rows are believed for one and a half resyncs and a minute.
    let almost = RESYNC + RESYNC / 2 + Duration::from_secs(55);
    stage.emulator.add_faults([failing(None, Effect::Error, 10_000)]);
    stage.pass(almost).await;
    assert!(stage.inventory.is_swept(WORKSPACE) && stage.known(250) == 250, "a failure that passes is nothing");
    assert_eq!(stage.woken(), []);

    stage.pass_in(Duration::from_secs(60), Duration::from_secs(1)).await;
    assert!(!stage.inventory.is_swept(WORKSPACE));
    assert_eq!((stage.known(250), is_failed_call(stage.trouble(Some(300)).as_ref())), (0, true));
    assert_eq!(stage.woken(), once(&(0..250).collect::<Vec<_>>()));
    stage.pass_in(RESYNC * 3, Duration::from_secs(1)).await;
    assert_eq!(stage.woken(), [], "nobody is told again");
    assert!(stage.calls().1 < 25, "{:?} failed calls", stage.calls());

    let before = stage.calls().0;
    stage.emulator.clear_faults();
    stage.pass_in(Duration::from_secs(31), Duration::from_secs(1)).await;
    assert!(stage.inventory.is_swept(WORKSPACE), "the round is not spread while nothing is known");
    assert_eq!((stage.calls().0 - before, stage.known(250)), (3, 250));
    let all: Vec<_> = (0..250).chain([300]).collect();
    assert_eq!(stage.woken(), once(&all));
    stage.rounds(2).await;
    assert_eq!(stage.woken(), []);
}
