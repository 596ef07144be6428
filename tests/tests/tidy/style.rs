//! Budgets on how the code reads: lengths, comments, and words that are not said here.

use proc_macro2::{Delimiter, TokenTree};

use crate::source::{Finding, Found, Source, ends_item, refuse, sources, worst};

/// Lines between the braces of a function.
const FUNCTION_MEDIAN: usize = 10;
const FUNCTION_P95: usize = 40;
const FUNCTION_MAX: usize = 70;
/// Lines of a file, its tests included.
const FILE_MEDIAN: usize = 150;
const FILE_MAX: usize = 600;
/// Per cent of the product's lines that are docs or comments. We aim at 12 to 20.
const COMMENTS: std::ops::RangeInclusive<f64> = 12.0..=22.0;
/// Words that say nothing about what a type is.
const EMPTY_WORDS: [&str; 6] = ["Manager", "Helper", "Helpers", "Util", "Utils", "Processor"];

#[test]
fn no_function_is_too_long() {
    let sources = sources();
    let long = |found: &Found| found.size > FUNCTION_MAX;
    let long = sources.iter().flat_map(|source| source.find(function)).filter(long);
    refuse(
        &format!("give a part of these functions a name of its own (max {FUNCTION_MAX} lines):"),
        long.map(Finding::from),
    );
}

#[test]
fn functions_are_short() {
    let sources = sources();
    let all = sources.iter().flat_map(|source| source.find(function));
    let mut product: Vec<Finding> =
        all.filter(|found| !found.is_test()).map(Finding::from).collect();
    product.sort_by_key(|function| std::cmp::Reverse(function.size));
    let (median, p95) = (percentile(&product, 50), percentile(&product, 95));
    let count = product.len();
    report(&format!("{count} functions of the product: median {median} lines, p95 {p95}"));
    assert!(
        median <= FUNCTION_MEDIAN && p95 <= FUNCTION_P95,
        "functions have a median of {median} lines (max {FUNCTION_MEDIAN}) and a 95th percentile \
         of {p95} (max {FUNCTION_P95}): split the longest\n{}",
        worst(&product)
    );
}

#[test]
fn files_are_short() {
    let sources = sources();
    let mut product: Vec<_> =
        sources.iter().filter(|source| !source.is_test_file()).map(length).collect();
    product.sort_by_key(|file| std::cmp::Reverse(file.size));
    let median = percentile(&product, 50);
    report(&format!("{} files of the product: median {median} lines", product.len()));
    assert!(
        median <= FILE_MEDIAN,
        "files have a median of {median} lines (max {FILE_MEDIAN}): split the longest\n{}",
        worst(&product)
    );
    let long = sources.iter().map(length).filter(|file| file.size > FILE_MAX);
    refuse(&format!("split these files by idea (max {FILE_MAX} lines):"), long);
}

#[test]
fn comments_explain_without_drowning_the_code() {
    let sources = sources();
    let comments = |source: &Source| source.product_lines().filter(|it| is_comment(it)).count();
    let counts: Vec<_> =
        sources.iter().map(|it| (it, comments(it), it.product_lines().count())).collect();
    let lines: usize = counts.iter().map(|(_, _, lines)| lines).sum();
    let comments: usize = counts.iter().map(|(_, comments, _)| comments).sum();
    let share = 100.0 * comments as f64 / lines as f64;
    report(&format!("docs and comments: {share:.1} % of {lines} lines of the product"));
    let file = |(source, comments, lines): &(&Source, usize, usize)| {
        // The files that tip the scales: much code if comments lack, many comments if they abound.
        let size = if share < *COMMENTS.start() { lines - comments } else { *comments };
        finding(&source.path, size, &format!("{comments} of {lines} lines are comments"))
    };
    let mut files: Vec<_> = counts.iter().map(file).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.size));
    assert!(
        COMMENTS.contains(&share),
        "docs and comments are {share:.1} % of the product's lines, {COMMENTS:?} is allowed: say \
         why where nothing does, or drop what the code says itself\n{}",
        worst(&files)
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//!"));
    refuse(
        "begin these files with a `//!` that says what they are for:",
        silent.map(|source| finding(&source.path, 0, "no `//!`")),
    );
}

#[test]
fn the_product_never_panics_for_want_of_an_error() {
    let sources = sources();
    let found = sources.iter().flat_map(|source| source.find(unwrap));
    let product = found.filter(|found| !found.is_test());
    refuse("return an error or a default instead:", product.map(Finding::from));
}

#[test]
fn nothing_is_left_half_done() {
    let sources = sources();
    let found = sources.iter().flat_map(|source| source.find(unfinished));
    refuse("finish or delete:", found.map(Finding::from));
}

#[test]
fn types_have_names_that_say_something() {
    let sources = sources();
    let found = sources.iter().flat_map(|source| source.find(empty_name));
    refuse("name the type after what it is in the incident room:", found.map(Finding::from));
}

#[test]
fn these_checks_are_not_blind() {
    let source = Source::new(
        "shared/src/sins.rs",
        "struct PageManager; type Utility = ();
         #[ignore] fn one() -> [u8; 2] { vec![a.unwrap()] }
         fn two(&self)
         {
             todo!();
             b.expect(1)
         }
         #[cfg(test)] mod tests {
             fn three() { c.unwrap() }
         }
         trait Four { fn four(&self); }",
    );
    assert_eq!(seen(&source, empty_name), ["1 `PageManager`"]);
    assert_eq!(seen(&source, unfinished), ["2 #[ignore]", "5 todo!"]);
    assert_eq!(seen(&source, unwrap), ["2 `.unwrap(`", "6 `.expect(`", "9t `.unwrap(`"]);
    let lengths = ["2 `one` has 1 lines", "3 `two` has 2 lines", "9t `three` has 1 lines"];
    assert_eq!(seen(&source, function), lengths);
}

/// What `look` finds in `source`: the line, `t` if that is test code, and the finding.
fn seen(source: &Source, look: fn(&[TokenTree]) -> Option<(usize, String)>) -> Vec<String> {
    let line = |found: Found| {
        let test = if found.is_test() { "t" } else { "" };
        format!("{}{test} {}", found.line, found.what)
    };
    source.find(look).into_iter().map(line).collect()
}

/// A function with a body, here: its length and its name.
fn function(rest: &[TokenTree]) -> Option<(usize, String)> {
    let [TokenTree::Ident(keyword), TokenTree::Ident(name), signature @ ..] = rest else {
        return None;
    };
    let TokenTree::Group(body) = signature.iter().find(|token| ends_item(token))? else {
        return None;
    };
    let (open, close) = (body.span_open().start().line, body.span_close().start().line);
    let lines = close.saturating_sub(open + 1).max(1);
    (keyword == "fn").then(|| (lines, format!("`{name}` has {lines} lines")))
}

/// A call of the `unwrap` or `expect` family, here.
fn unwrap(rest: &[TokenTree]) -> Option<(usize, String)> {
    let [TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(arguments), ..] = rest
    else {
        return None;
    };
    let families = ["unwrap", "unwrap_err", "expect", "expect_err"];
    let call = dot.as_char() == '.' && arguments.delimiter() == Delimiter::Parenthesis;
    (call && families.iter().any(|it| name == it)).then(|| (0, format!("`.{name}(`")))
}

/// A macro or attribute, here, that stands for work to be done.
fn unfinished(rest: &[TokenTree]) -> Option<(usize, String)> {
    let found = match rest {
        [TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(_), ..] => {
            let macros = ["todo", "unimplemented", "dbg"];
            bang.as_char() == '!' && macros.iter().any(|it| name == it)
        }
        [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] => {
            let first = attribute.stream().into_iter().next();
            hash.as_char() == '#'
                && matches!(first, Some(TokenTree::Ident(name)) if name == "ignore")
        }
        _ => false,
    };
    found.then(|| (0, rest[..2].iter().map(ToString::to_string).collect()))
}

/// The definition of a type, here, whose name has an empty word in it.
fn empty_name(rest: &[TokenTree]) -> Option<(usize, String)> {
    let [TokenTree::Ident(keyword), TokenTree::Ident(name), ..] = rest else { return None };
    let kinds = ["struct", "enum", "union", "trait", "type"];
    let empty = words(&name.to_string()).iter().any(|word| EMPTY_WORDS.contains(&word.as_str()));
    (empty && kinds.iter().any(|it| keyword == it)).then(|| (0, format!("`{name}`")))
}

/// The words of a name in camel case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_uppercase() => word.push(letter),
            _ => words.push(letter.into()),
        }
    }
    words
}

fn length(source: &Source) -> Finding {
    let lines = source.text.lines().count();
    finding(&source.path, lines, &format!("{lines} lines"))
}

fn finding(path: &str, size: usize, what: &str) -> Finding {
    Finding { place: format!("{path}:1"), size, what: what.to_owned() }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// The size that `per_cent` of `sorted`, largest first, do not exceed.
fn percentile(sorted: &[Finding], per_cent: usize) -> usize {
    let rank = (sorted.len() * per_cent).div_ceil(100);
    sorted[sorted.len() - rank].size
}

#[expect(clippy::print_stdout, reason = "a figure to watch, shown with --nocapture")]
fn report(figure: &str) {
    println!("tidy: {figure}");
}
