//! Mistakes about the phone tree are reported where they stand.

use super::said;

#[test]
fn the_phone_tree_is_checked_where_it_stands() {
    let said = said(&[
        (
            "[channels]",
            "[phone]\ncallback_url = \"http://pages.example.com/x\"\n\
             voice = [\"twilio\", \"twilio\", \"sns\"]\nconference = \"555\"\n\
             [phone.from]\nvonage = \"12\"\n[phone.texts.nl]\nalarn = \"x\"\n\
             [on_call]\nzone = \"Europe/Berlin\"\npeople = [\"ann\", \"bob\"]\n\
             start = \"2026-01-05\"\nhand_over = \"09:00\"\ndays = 0\n\
             [[on_call.holidays]]\nperson = \"ann\"\nfrom = \"2026-12-24\"\n\
             until = \"2026-12-23\"\nsubstitute = \"ann\"\n[channels]",
        ),
        (
            "email = \"ann@example.com\"",
            "email = \"ann@example.com\"\norder = { P1 = [] }\n\
             quiet_hours = { from = \"22:00\", until = \"22:00\" }",
        ),
    ]);
    insta::assert_snapshot!(said, @r#"
    plan.toml:81:16: nothing would reach them
    81 | order = { P1 = [] }
       |                ^ write e.g. ["voice", "sms"]
    plan.toml:82:15: quiet hours that end when they begin are none
    82 | quiet_hours = { from = "22:00", until = "22:00" }
       |               ^ write another `until`
    plan.toml:84:16: `http://pages.example.com/x` is not an https URL without a path
    84 | callback_url = "http://pages.example.com/x"
       |                ^ write e.g. "https://pages.example.com"
    plan.toml:85:20: `twilio` is there twice
    85 | voice = ["twilio", "twilio", "sns"]
       |                    ^ write each only once
    plan.toml:85:30: sns doesn't carry voice
    85 | voice = ["twilio", "twilio", "sns"]
       |                              ^ write twilio or vonage
    plan.toml:86:14: `555` is not an international phone number
    86 | conference = "555"
       |              ^ write e.g. "+12025550123"
    plan.toml:88:10: `12` is not an international phone number
    88 | vonage = "12"
       |          ^ write e.g. "+12025550123"
    plan.toml:90:9: no sentence is called `alarn`
    90 | alarn = "x"
       |         ^ write "alarm"
    plan.toml:93:18: no person is called `bob`
    93 | people = ["ann", "bob"]
       |                  ^ write one of ann
    plan.toml:96:8: a shift has no days
    96 | days = 0
       |        ^ write 1 for daily, 7 for weekly
    plan.toml:100:9: its last day is before its first
    100 | until = "2026-12-23"
        |         ^ write 2026-12-24 or later
    plan.toml:101:14: `ann` would stand in for themselves
    101 | substitute = "ann"
        |              ^ write somebody else
    "#);
}

#[test]
fn zones_and_clocks_are_named() {
    let zone =
        said(&[("email = \"ann@example.com\"", "email = \"ann@example.com\"\nzone = \"Berlin\"")]);
    insta::assert_snapshot!(zone, @r#"
    plan.toml:81:8: there is no time zone `Berlin`
    81 | zone = "Berlin"
       |        ^ write e.g. "Europe/Berlin"
    "#);
    let clock = said(&[(
        "email = \"ann@example.com\"",
        "email = \"ann@example.com\"\nquiet_hours = { from = \"10pm\", until = \"07:00\" }",
    )]);
    insta::assert_snapshot!(clock, @r#"
    plan.toml:81:24: `10pm` is not a time of day
    81 | quiet_hours = { from = "10pm", until = "07:00" }
       |                        ^ write e.g. "09:00"
    "#);
}
