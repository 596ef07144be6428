//! `@slack/web-api` calls every method there is.

use std::time::Duration;

use serde_json::{Value, json};
use tests::standin::slack::{
    ADA, APP_TOKEN, BEN, BOT_TOKEN, BOT_USER, Fault, GENERAL, INCIDENTS, Outcome, Slack,
};
use tokio::time::Instant;

use crate::client::Client;

async fn bench() -> (Slack, Client) {
    let slack = Slack::start().await.unwrap();
    let client = Client::web(&slack);
    (slack, client)
}

fn card(title: &str) -> Value {
    json!([
        {"type": "header", "text": {"type": "plain_text", "text": title}},
        {"type": "actions", "block_id": "act", "elements": [
            {"type": "button", "action_id": "ack", "value": "INC-1", "style": "primary",
             "text": {"type": "plain_text", "text": "Acknowledge"}},
        ]},
    ])
}

fn modal(title: &str) -> Value {
    json!({
        "type": "modal", "callback_id": "declare", "private_metadata": "INC-1",
        "title": {"type": "plain_text", "text": title}, "submit": {"type": "plain_text", "text": "Declare"},
        "blocks": [{"type": "input", "block_id": "what", "label": {"type": "plain_text", "text": "What"},
                    "element": {"type": "plain_text_input", "action_id": "title", "max_length": 80}}],
    })
}

fn home(text: &str) -> Value {
    json!({"type": "home", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]})
}

#[tokio::test]
async fn messages_are_posted_edited_pinned_and_linked_to() {
    let (slack, mut client) = bench().await;
    let who = client.calls("auth.test", json!({})).await;
    assert_eq!((&who["user_id"], &who["team"]), (&json!(BOT_USER), &json!("All Clear")));
    assert!(who["response_metadata"]["scopes"].as_array().unwrap().contains(&json!("chat:write")));
    let metadata = json!({"event_type": "incident", "event_payload": {"id": "INC-1"}});
    let post =
        json!({"channel": INCIDENTS, "text": "P1", "blocks": card("P1"), "metadata": metadata});
    let posted = client.calls("chat.postMessage", post).await;
    let ts = &posted["ts"];
    assert_eq!(posted["message"]["metadata"], metadata);
    let reply = json!({"channel": INCIDENTS, "text": "more", "thread_ts": ts});
    client.calls("chat.postMessage", reply).await;
    let edit = json!({"channel": INCIDENTS, "ts": ts, "text": "P2", "blocks": card("P2")});
    let edited = client.calls("chat.update", edit).await;
    assert_eq!((&edited["ts"], &edited["text"]), (ts, &json!("P2")));
    client.calls("pins.add", json!({"channel": INCIDENTS, "timestamp": ts})).await;
    let link = json!({"channel": INCIDENTS, "message_ts": ts});
    let link = client.calls("chat.getPermalink", link).await;
    assert!(link["permalink"].as_str().unwrap().starts_with("https://"), "{link}");
    let whisper =
        json!({"channel": INCIDENTS, "user": ADA, "text": "only you", "blocks": card("psst")});
    client.calls("chat.postEphemeral", whisper).await;
    let direct = client.calls("chat.postMessage", json!({"channel": ADA, "text": "hello"})).await;
    assert_eq!(direct["channel"], "D0ADA");
    let state = slack.state();
    let [first, thread] = state.messages(INCIDENTS) else { panic!("two messages") };
    assert_eq!((first.text.as_str(), first.edits[0].text.as_str()), ("P2", "P1"));
    assert_eq!(first.metadata, metadata, "an edit without metadata keeps it");
    assert_eq!(thread.thread_ts.as_deref(), ts.as_str());
    assert_eq!(state.channels[INCIDENTS].pins, [first.ts.as_str()]);
    assert_eq!(state.ephemerals[0].user, ADA);
    assert!(state.calls.iter().all(|call| call.outcome == Outcome::Done));
}

#[tokio::test]
async fn channels_are_made_joined_named_and_archived() {
    let (slack, mut client) = bench().await;
    let made = client.calls("conversations.create", json!({"name": "inc-42-checkout"})).await;
    let id = made["channel"]["id"].clone();
    let invite = json!({"channel": id, "users": format!("{ADA},{BEN}")});
    client.calls("conversations.invite", invite).await;
    let topic = json!({"channel": id, "topic": "P1 · 9:12 left"});
    assert_eq!(
        client.calls("conversations.setTopic", topic).await["channel"]["topic"]["value"],
        "P1 · 9:12 left"
    );
    let ask = json!({"channel": id, "include_num_members": true});
    assert_eq!(client.calls("conversations.info", ask).await["channel"]["num_members"], 3);
    let members = client.calls("conversations.members", json!({"channel": id})).await;
    assert_eq!(members["members"], json!([BOT_USER, ADA, BEN]));
    client.calls("conversations.join", json!({"channel": GENERAL})).await;
    let user = client.calls("users.info", json!({"user": ADA})).await;
    assert_eq!(user["user"]["profile"]["email"], "ada@example.com");
    client.calls("conversations.archive", json!({"channel": id})).await;
    assert!(slack.state().named("inc-42-checkout").unwrap().archived);
}

#[tokio::test]
async fn what_was_said_is_read_again_page_by_page() {
    let (slack, mut client) = bench().await;
    let metadata = json!({"event_type": "told", "event_payload": {"key": "k"}});
    let card = json!({"channel": INCIDENTS, "text": "card", "metadata": metadata});
    let ts = client.calls("chat.postMessage", card).await["ts"].clone();
    let answer = json!({"channel": INCIDENTS, "text": "answer", "thread_ts": ts});
    let answered = client.calls("chat.postMessage", answer).await["ts"].clone();
    let last = slack.state().writes(ADA, INCIDENTS, "last");
    let page = json!({"channel": INCIDENTS, "limit": 1});
    let newest = client.calls("conversations.history", page).await;
    assert_eq!(
        (&newest["messages"][0]["text"], &newest["has_more"]),
        (&json!("last"), &json!(true))
    );
    let cursor = &newest["response_metadata"]["next_cursor"];
    let page = json!({"channel": INCIDENTS, "limit": 1, "cursor": cursor});
    let next = client.calls("conversations.history", page).await;
    assert_eq!(next["messages"][0]["text"], "card", "an answer is in no history");
    assert!(next["messages"][0]["metadata"].is_null(), "nobody asked for it");
    assert_eq!(next["response_metadata"]["next_cursor"], "");
    let one = json!({"channel": INCIDENTS, "latest": ts, "oldest": ts, "inclusive": true,
                     "include_all_metadata": true});
    let one = client.calls("conversations.history", one).await;
    assert_eq!(one["messages"].as_array().unwrap().len(), 1);
    assert_eq!(one["messages"][0]["metadata"], metadata);
    let thread = json!({"channel": INCIDENTS, "ts": ts});
    let thread = client.calls("conversations.replies", thread).await;
    let texts: Vec<_> =
        thread["messages"].as_array().unwrap().iter().map(|it| &it["text"]).collect();
    assert_eq!(texts, ["card", "answer"]);
    let single = json!({"channel": INCIDENTS, "ts": answered});
    let single = client.calls("conversations.replies", single).await;
    assert_eq!(single["messages"][0]["thread_ts"], ts);
    let after = json!({"channel": INCIDENTS, "oldest": last});
    let after = client.calls("conversations.history", after).await;
    assert_eq!(after["messages"], json!([]), "a bound is not among them by itself");
}

#[tokio::test]
async fn channels_are_listed_page_by_page_and_say_what_they_are_for() {
    let (slack, mut client) = bench().await;
    slack.state().found("C0OLD", "old", &[BOT_USER]);
    slack.state().channels.get_mut("C0OLD").unwrap().archived = true;
    slack.state().found("C0SECRET", "secret", &[ADA]);
    slack.state().channels.get_mut("C0SECRET").unwrap().private = true;
    let purpose = json!({"channel": INCIDENTS, "purpose": "a < b & c"});
    assert_eq!(client.calls("conversations.setPurpose", purpose).await["purpose"], "a < b & c");
    let mut names = Vec::new();
    let mut cursor = json!("");
    loop {
        let page = json!({"limit": 2, "types": "public_channel,private_channel", "cursor": cursor});
        let page = client.calls("conversations.list", page).await;
        for channel in page["channels"].as_array().unwrap() {
            names.push(channel["name"].as_str().unwrap().to_owned());
            if channel["name"] == "incidents" {
                assert_eq!(channel["purpose"]["value"], "a &lt; b &amp; c", "Slack escapes it");
            }
        }
        cursor = page["response_metadata"]["next_cursor"].clone();
        if cursor == "" {
            break;
        }
    }
    assert_eq!(names, ["general", "incidents", "old"], "what the bot may not know of is not there");
    let live = json!({"exclude_archived": true});
    let live = client.calls("conversations.list", live).await;
    assert_eq!(live["channels"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn views_are_opened_pushed_updated_and_published() {
    let (slack, mut client) = bench().await;
    let trigger = |slack: &Slack| slack.shortcut(ADA, "declare").trigger_id().unwrap().to_owned();
    let open = json!({"trigger_id": trigger(&slack), "view": modal("Loading")});
    let opened = client.calls("views.open", open).await["view"].take();
    let id = &opened["id"];
    let update = json!({"view_id": id, "hash": opened["hash"], "view": modal("Declare")});
    let updated = client.calls("views.update", update.clone()).await;
    assert_eq!(updated["view"]["root_view_id"], *id);
    assert_eq!(client.error("views.update", update).await, "hash_conflict");
    let push = json!({"trigger_id": trigger(&slack), "view": modal("Sure?")});
    client.calls("views.push", push).await;
    for text in ["all is well", "INC-1 is open"] {
        client.calls("views.publish", json!({"user_id": BEN, "view": home(text)})).await;
    }
    let state = slack.state();
    let (shown, tab) = (&state.views[id.as_str().unwrap()], state.home(BEN).unwrap());
    assert_eq!(shown.earlier[0]["title"]["text"], "Loading");
    assert_eq!(state.modal(ADA).unwrap().content["title"]["text"], "Sure?");
    assert_eq!(
        (tab.earlier.len(), &tab.content["blocks"][0]["text"]["text"]),
        (1, &json!("INC-1 is open"))
    );
}

#[tokio::test]
async fn a_trigger_opens_one_view_and_only_for_3_seconds() {
    let (slack, mut client) = bench().await;
    let used = slack.shortcut(ADA, "declare").trigger_id().unwrap().to_owned();
    let late = slack.shortcut(ADA, "declare").trigger_id().unwrap().to_owned();
    let open = |trigger: &str| json!({"trigger_id": trigger, "view": modal("Declare")});
    client.calls("views.open", open(&used)).await;
    slack.state().passes(Duration::from_millis(3_001));
    assert_eq!(client.error("views.open", open(&late)).await, "expired_trigger_id");
    assert_eq!(client.error("views.open", open(&used)).await, "exchanged_trigger_id");
    assert_eq!(client.error("views.open", open("1.2.3")).await, "invalid_trigger_id");
}

#[tokio::test]
async fn every_refusal_has_slacks_name_for_it() {
    let (slack, mut client) = bench().await;
    slack.state().found("C0OLD", "old", &[BOT_USER]);
    slack.state().channels.get_mut("C0OLD").unwrap().archived = true;
    let theirs = slack.state().writes(ADA, INCIDENTS, "mine");
    let long = "a".repeat(81);
    let post = "chat.postMessage";
    let create = "conversations.create";
    for (call, args, error) in [
        (post, json!({"channel": "C0NONE", "text": "x"}), "channel_not_found"),
        (post, json!({"channel": "C0OLD", "text": "x"}), "is_archived"),
        (post, json!({"channel": GENERAL, "text": "x"}), "not_in_channel"),
        (post, json!({"channel": INCIDENTS}), "no_text"),
        (post, json!({"channel": INCIDENTS, "blocks": card("P1")}), "no_text"),
        (post, json!({"channel": INCIDENTS, "text": "x", "blocks": "{"}), "invalid_blocks_format"),
        (
            post,
            json!({"channel": INCIDENTS, "text": "x", "metadata": {"a": 1}}),
            "invalid_metadata_format",
        ),
        (post, json!({"channel": INCIDENTS, "text": "x", "thread_ts": "1.2"}), "thread_not_found"),
        (
            "chat.update",
            json!({"channel": INCIDENTS, "ts": "1.2", "text": "x"}),
            "message_not_found",
        ),
        (
            "chat.update",
            json!({"channel": INCIDENTS, "ts": theirs, "text": "x"}),
            "cant_update_message",
        ),
        (
            "chat.postEphemeral",
            json!({"channel": INCIDENTS, "user": "U0NO", "text": "x"}),
            "user_not_in_channel",
        ),
        (
            "chat.getPermalink",
            json!({"channel": INCIDENTS, "message_ts": "1.2"}),
            "message_not_found",
        ),
        (create, json!({"name": "incidents"}), "name_taken"),
        (create, json!({"name": "Incidents"}), "invalid_name_specials"),
        (create, json!({"name": "a b"}), "invalid_name_specials"),
        (create, json!({"name": "--"}), "invalid_name_punctuation"),
        (create, json!({"name": long}), "invalid_name_maxlength"),
        ("conversations.invite", json!({"channel": INCIDENTS, "users": ADA}), "already_in_channel"),
        ("conversations.invite", json!({"channel": INCIDENTS, "users": "U0NO"}), "user_not_found"),
        (
            "conversations.setTopic",
            json!({"channel": INCIDENTS, "topic": "a".repeat(251)}),
            "too_long",
        ),
        ("conversations.archive", json!({"channel": "C0OLD"}), "already_archived"),
        ("conversations.join", json!({"channel": "C0OLD"}), "is_archived"),
        ("pins.add", json!({"channel": INCIDENTS, "timestamp": "1.2"}), "message_not_found"),
        ("users.info", json!({"user": "U0NO"}), "user_not_found"),
        ("views.publish", json!({"user_id": ADA, "view": modal("no home")}), "invalid_arguments"),
        ("views.update", json!({"view_id": "V0NO", "view": modal("x")}), "not_found"),
        ("users.list", json!({}), "unknown_method"),
    ] {
        assert_eq!(client.error(call, args.clone()).await, error, "{call} {args}");
    }
    assert!(slack.done().is_empty());
    assert_eq!(slack.state().messages(INCIDENTS).len(), 1);
}

#[tokio::test]
async fn so_has_every_refusal_to_look_back_and_to_bring_in_who_left() {
    let (slack, mut client) = bench().await;
    slack.state().joins("U0GONE", "gone");
    slack.state().users.get_mut("U0GONE").unwrap().deleted = true;
    for (call, args, error) in [
        (
            "conversations.setPurpose",
            json!({"channel": INCIDENTS, "purpose": "a".repeat(251)}),
            "too_long",
        ),
        ("conversations.invite", json!({"channel": INCIDENTS, "users": "U0GONE"}), "user_disabled"),
        ("conversations.history", json!({"channel": GENERAL}), "not_in_channel"),
        ("conversations.history", json!({"channel": INCIDENTS, "limit": 0}), "invalid_limit"),
        ("conversations.history", json!({"channel": INCIDENTS, "cursor": "x"}), "invalid_cursor"),
        (
            "conversations.history",
            json!({"channel": INCIDENTS, "oldest": "soon"}),
            "invalid_ts_oldest",
        ),
        ("conversations.replies", json!({"channel": INCIDENTS, "ts": "1.2"}), "thread_not_found"),
        ("conversations.list", json!({"types": "secret"}), "invalid_types"),
    ] {
        assert_eq!(client.error(call, args.clone()).await, error, "{call} {args}");
    }
    assert!(slack.done().is_empty());
}

#[tokio::test]
async fn a_token_opens_what_it_has_scopes_for_and_nothing_after_it_was_revoked() {
    let (slack, mut client) = bench().await;
    let post = json!({"channel": INCIDENTS, "text": "x"});
    slack.state().without_scope(BOT_TOKEN, "chat:write");
    let refusal = client.refuses("chat.postMessage", post.clone()).await;
    assert_eq!(
        (&refusal["error"], &refusal["data"]["needed"]),
        (&json!("missing_scope"), &json!("chat:write"))
    );
    slack.state().revoke(BOT_TOKEN);
    assert_eq!(client.error("chat.postMessage", post.clone()).await, "token_revoked");
    let mut stranger = Client::web_with(&slack, "xoxb-somebody-elses");
    assert_eq!(stranger.error("chat.postMessage", post.clone()).await, "invalid_auth");
    let mut app = Client::web_with(&slack, APP_TOKEN);
    assert_eq!(app.error("chat.postMessage", post).await, "not_allowed_token_type");
    assert!(
        app.calls("apps.connections.open", json!({})).await["url"]
            .as_str()
            .unwrap()
            .starts_with("ws://")
    );
    assert_eq!(client.error("apps.connections.open", json!({})).await, "token_revoked");
}

#[tokio::test]
async fn the_client_waits_as_long_as_a_429_says() {
    let (slack, mut client) = bench().await;
    let post = json!({"channel": INCIDENTS, "text": "x"});
    slack.state().faults.next("chat.postMessage", Fault::RateLimited(Some(7)));
    let refusal = client.refuses("chat.postMessage", post.clone()).await;
    assert_eq!(refusal["refused"], "slack_webapi_rate_limited_error", "{refusal}");
    assert_eq!(refusal["retryAfter"], 7, "{refusal}");
    slack.state().faults.next("chat.postMessage", Fault::RateLimited(Some(1)));
    let begun = Instant::now();
    client.calls("chat.postMessage", post.clone()).await;
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(slack.done(), ["chat.postMessage"], "three calls, one message");
    slack.state().faults.next("chat.postMessage", Fault::RateLimited(None));
    let refusal = client.refuses("chat.postMessage", post).await;
    assert!(
        refusal["refused"].as_str().unwrap().contains("valid timeout")
            || refusal["retryAfter"].is_null(),
        "{refusal}"
    );
}

#[tokio::test]
async fn more_posts_than_slack_takes_are_answered_with_429() {
    let (slack, mut client) = bench().await;
    slack.state().keeps_limits = true;
    let post = json!({"channel": INCIDENTS, "text": "x"});
    client.calls("chat.postMessage", post.clone()).await;
    client.calls("chat.postMessage", post.clone()).await;
    let refusal = client.refuses("chat.postMessage", post.clone()).await;
    assert_eq!(refusal["refused"], "slack_webapi_rate_limited_error", "{refusal}");
    slack.state().passes(Duration::from_secs(2));
    client.calls("chat.postMessage", post).await;
}

#[tokio::test]
async fn whatever_goes_wrong_is_no_success_to_it() {
    let (slack, mut client) = bench().await;
    let post = json!({"channel": INCIDENTS, "text": "x"});
    let call = "chat.postMessage";
    slack.state().faults.next(call, Fault::Refuse("message_limit_exceeded"));
    assert_eq!(client.error(call, post.clone()).await, "message_limit_exceeded");
    slack.state().faults.next(call, Fault::Status(503));
    assert_eq!(client.refuses(call, post.clone()).await["status"], 503);
    slack.goes_down();
    assert_eq!(client.refuses(call, post.clone()).await["status"], 503);
    slack.is_back();
    slack.state().faults.next(call, Fault::LoseRequest);
    assert_eq!(client.refuses(call, post.clone()).await["refused"], "slack_webapi_request_error");
    assert!(slack.state().messages(INCIDENTS).is_empty());
    slack.state().faults.next(call, Fault::LoseReply);
    assert_eq!(client.refuses(call, post.clone()).await["refused"], "slack_webapi_request_error");
    assert_eq!(slack.state().messages(INCIDENTS).len(), 1, "it is posted all the same");
    slack.state().faults.burst(2, call, &Fault::Status(500));
    client.calls(call, post).await;
    assert_eq!(slack.state().faults.left(), 0);
}
