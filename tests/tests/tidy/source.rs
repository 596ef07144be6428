//! The project's files, and what the tidy tests ask of a Rust file.
//!
//! It reads tokens, not syntax trees: tokens are also there inside macros, where much of a test
//! lives and where a parsed tree shows nothing.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Folders that builds and tests make; only looked at where there is no git to ask.
const MADE: [&str; 4] = [".git", ".parts", "reports", "target"];

/// One Rust file of the project.
pub struct Source {
    /// Relative to the top of the project.
    pub path: String,
    pub text: String,
    tokens: TokenStream,
    /// Lines of `#[cfg(test)]` items, from 1.
    tests: Vec<RangeInclusive<usize>>,
}

/// A place in the code and what was found there; `size` is for the worst-first list of a budget.
pub struct Finding {
    pub place: String,
    pub size: usize,
    pub what: String,
}

impl Source {
    /// The Rust file with `text` at `path`.
    pub fn new(path: &str, text: &str) -> Self {
        let tokens: TokenStream = text.parse().expect("rustc has compiled this file");
        let mut tests = Vec::new();
        each(&tokens, &mut |rest| tests.extend(test_item(rest)));
        Self { path: path.to_owned(), text: text.to_owned(), tokens, tests }
    }

    /// Whether line `number`, from 1, is test code.
    pub fn is_test(&self, number: usize) -> bool {
        self.is_test_file() || self.tests.iter().any(|lines| lines.contains(&number))
    }

    /// Whether the whole file is test code.
    pub fn is_test_file(&self) -> bool {
        let mut folders = self.path.split('/');
        folders.any(|part| matches!(part, "tests" | "benches" | "tests.rs" | "testing.rs"))
    }

    /// The lines of the product, without the tests beside it.
    pub fn product_lines(&self) -> impl Iterator<Item = &str> {
        let numbered = self.text.lines().enumerate();
        numbered.filter(|(at, _)| !self.is_test(at + 1)).map(|(_, line)| line)
    }

    /// Every place where `look` finds something in the tokens that begin there.
    pub fn find(&self, look: impl Fn(&[TokenTree]) -> Option<(usize, String)>) -> Vec<Found<'_>> {
        let mut found = Vec::new();
        each(&self.tokens, &mut |rest| {
            let line = rest[0].span().start().line;
            found.extend(look(rest).map(|(size, what)| Found { source: self, line, size, what }));
        });
        found
    }
}

/// What [`Source::find`] found, with its file.
pub struct Found<'a> {
    source: &'a Source,
    pub line: usize,
    pub size: usize,
    pub what: String,
}

impl Found<'_> {
    pub fn is_test(&self) -> bool {
        self.source.is_test(self.line)
    }
}

impl From<Found<'_>> for Finding {
    fn from(found: Found<'_>) -> Self {
        let place = format!("{}:{}", found.source.path, found.line);
        Self { place, size: found.size, what: found.what }
    }
}

/// Every Rust file of the project.
pub fn sources() -> Vec<Source> {
    let rust = files().into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let sources: Vec<_> =
        rust.map(|path| Source::new(path.to_str().unwrap(), &read(&path))).collect();
    assert!(!sources.is_empty(), "no Rust file found: the tidy tests would measure nothing");
    sources
}

/// Every file of the project, committed or about to be, relative to its top.
pub fn files() -> Vec<PathBuf> {
    let mut files = listed_by_git().unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(Path::new(""), &mut found);
        found
    });
    files.retain(|path| root().join(path).is_file());
    files
}

/// The text of a file of the project.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The top of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Fails with the worst ten of `findings` if there are any; `advice` says what to do about them.
#[track_caller]
pub fn refuse(advice: &str, findings: impl IntoIterator<Item = Finding>) {
    let mut findings: Vec<_> = findings.into_iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.size));
    assert!(findings.is_empty(), "{advice}\n{}", worst(&findings));
}

/// The first ten of `findings`, a line each.
pub fn worst(findings: &[Finding]) -> String {
    let line = |it: &Finding| format!("  {}: {}\n", it.place, it.what);
    let more = findings.len().saturating_sub(10);
    let lines: String = findings.iter().take(10).map(line).collect();
    if more == 0 { lines } else { format!("{lines}  and {more} more\n") }
}

fn listed_by_git() -> Option<Vec<PathBuf>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(list).current_dir(root()).output().ok()?;
    let names = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| names.split_terminator('\0').map(PathBuf::from).collect())
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let name = entry.unwrap().file_name();
        let path = folder.join(&name);
        if root().join(&path).is_file() {
            found.push(path);
        } else if MADE.iter().all(|made| *made != name) {
            walk(&path, found);
        }
    }
}

/// Calls `visit` with the rest of the tokens at every token, outer groups before their inside.
fn each(tokens: &TokenStream, visit: &mut dyn FnMut(&[TokenTree])) {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    for at in 0..tokens.len() {
        visit(&tokens[at..]);
        if let TokenTree::Group(group) = &tokens[at] {
            each(&group.stream(), visit);
        }
    }
}

/// The lines of the item that begins here with `#[cfg(test)]`.
fn test_item(rest: &[TokenTree]) -> Option<RangeInclusive<usize>> {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), item @ ..] = rest else {
        return None;
    };
    let test = hash.as_char() == '#' && attribute.stream().to_string() == "cfg (test)";
    let end = item.iter().find(|token| ends_item(token))?;
    test.then(|| hash.span().start().line..=end.span().end().line)
}

/// Whether an item that has begun ends with this token: its braces, or a semicolon.
pub fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}
