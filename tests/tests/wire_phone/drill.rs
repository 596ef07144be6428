//! The phone drill as it is typed: it shows the night and says which promises were kept.

use std::process::Stdio;

use tests::phone_drill::{Night, judge, play};
use tests::standin::phones::{Entry, Happening};
use tokio::process::Command;

#[tokio::test]
async fn a_night_with_the_first_carrier_dead_keeps_every_promise() {
    let program = env!("CARGO_BIN_EXE_phone-drill");
    let mut drill = Command::new(program);
    let output = drill.args(["--fault", "first-dead"]).stdin(Stdio::null()).output().await.unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    for step in [
        "the first carrier is down",
        "devops-engineer  vonage  rang, nobody woke up",
        "senior-developer vonage  pressed 1",
        "is yours",
        "kept   somebody has it",
        "Every promise was kept",
    ] {
        assert!(out.contains(step), "{step}:\n{out}");
    }
    assert!(!out.contains("BROKEN") && !out.contains("twilio  rang"), "{out}");
}

#[tokio::test]
async fn a_broken_promise_is_called_broken() {
    let mut played = play(Night::None).await;
    let broken = |promises: &[tests::phone_drill::Promise]| {
        promises.iter().filter(|it| !it.kept).map(|it| it.what).collect::<Vec<_>>()
    };
    assert_eq!(broken(&judge(Night::None, &played)), Vec::<&str>::new());
    // Somebody who sleeps hears that it is theirs.
    let heard = Happening::Heard("It is recorded: incident 1 is yours.".into());
    let number = tests::exchange::FIRST.into();
    played.happened.push(Entry { number, via: "twilio", what: heard });
    assert_eq!(
        broken(&judge(Night::None, &played)),
        ["it was confirmed, after the key and to them alone"]
    );
}
