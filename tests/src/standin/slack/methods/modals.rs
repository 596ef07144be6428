//! Modals and the home tab.

use serde_json::{Value, json};

use super::super::answer::{Answer, Args, Refusal};
use super::super::blocks::{self, Surface};
use super::super::state::State;
use super::super::views::View;

/// Largest view, in bytes.
const VIEW_MAX: usize = 250 * 1024;
/// Views on top of one another.
const STACK_MAX: usize = 3;

/// The view that is asked for, checked and with its blocks named.
fn asked(args: &Args, kind: Surface) -> Result<Value, Refusal> {
    let view = args.part("view").map_err(|_| "invalid_arguments")?.ok_or("invalid_arguments")?;
    checked(view, kind)
}

/// A view, checked and with its blocks named.
pub fn checked(mut view: Value, kind: Surface) -> Result<Value, Refusal> {
    if view.to_string().len() > VIEW_MAX {
        return Err("view_too_large".into());
    }
    blocks::check_view(kind, &view)
        .map_err(|reasons| Refusal::because("invalid_arguments", &reasons))?;
    blocks::name(&mut view["blocks"]);
    Ok(view)
}

/// The view that an update means, by its id or the name it was given.
fn meant<'a>(state: &'a mut State, args: &Args) -> Result<&'a mut View, Refusal> {
    let (id, name) = (args.text("view_id"), args.text("external_id"));
    let is = |view: &View| match (&id, &name) {
        (Some(id), _) => view.id == *id,
        (None, Some(name)) => view.content["external_id"] == **name,
        (None, None) => false,
    };
    let view = state.views.values_mut().find(|view| view.open && is(view));
    view.ok_or_else(|| "not_found".into())
}

fn is_free(state: &State, view: &Value) -> Result<(), Refusal> {
    let name = view["external_id"].as_str().unwrap_or_default();
    let taken = |one: &View| one.open && one.content["external_id"] == name;
    let taken = !name.is_empty() && state.views.values().any(taken);
    if taken { Err("duplicate_external_id".into()) } else { Ok(()) }
}

pub fn open(state: &mut State, args: &Args) -> Answer {
    let content = asked(args, Surface::Modal)?;
    is_free(state, &content)?;
    let user = state.exchange(&args.need("trigger_id", "invalid_arguments")?)?;
    Ok(json!({"view": state.show(&user, content, None).shape()}))
}

pub fn push(state: &mut State, args: &Args) -> Answer {
    let content = asked(args, Surface::Modal)?;
    is_free(state, &content)?;
    let user = state.exchange(&args.need("trigger_id", "invalid_arguments")?)?;
    let stack = |view: &&View| view.open && view.user == user && view.content["type"] == "modal";
    let depth = state.views.values().filter(stack).count();
    let below = state.views.values().rfind(stack).map(|view| view.id.clone());
    match below {
        None => Err("not_found".into()),
        Some(_) if depth >= STACK_MAX => Err("push_limit_reached".into()),
        below => Ok(json!({"view": state.show(&user, content, below).shape()})),
    }
}

pub fn update(state: &mut State, args: &Args) -> Answer {
    let view = meant(state, args)?;
    let kind = if view.content["type"] == "home" { Surface::Home } else { Surface::Modal };
    if args.text("hash").is_some_and(|hash| hash != view.hash()) {
        return Err("hash_conflict".into());
    }
    let content = asked(args, kind)?;
    let view = meant(state, args)?;
    view.change(content);
    Ok(json!({"view": view.shape()}))
}

pub fn publish(state: &mut State, args: &Args) -> Answer {
    let user = args.need("user_id", "invalid_arguments")?;
    if !state.users.contains_key(&user) {
        return Err("user_not_found".into());
    }
    let content = asked(args, Surface::Home)?;
    let Some(id) = state.home(&user).map(|view| view.id.clone()) else {
        return Ok(json!({"view": state.show(&user, content, None).shape()}));
    };
    let view = state.views.get_mut(&id).ok_or("not_found")?;
    if args.text("hash").is_some_and(|hash| hash != view.hash()) {
        return Err("hash_conflict".into());
    }
    view.change(content);
    Ok(json!({"view": view.shape()}))
}
