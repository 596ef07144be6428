//! The report as one self-contained HTML page that is also well-formed XML: no script, no request, no font, no image
//! from elsewhere. It can be mailed, archived and printed.

use shared::measures::Verdict;
use shared::timeline::{Mark, elapsed};

use super::Report;
use super::drawing::{NARROW, WIDE, draw};
use super::sections::{Block, Section, sections, summary};

const STYLE: &str = include_str!("report.css");

/// Renders the report as a page.
pub fn html(report: &Report) -> String {
    let title = escape(&report.title());
    let mut body = String::new();
    for section in sections(report) {
        body += &part(report, section);
    }
    format!(
        "<!DOCTYPE html>\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n\
         <meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<p class=\"kicker\">{}</p>\n<h1>{title}</h1>\n<p class=\"lead\">{}</p>\n{}</header>\n\
         <main>\n{body}</main>\n</body>\n</html>\n",
        escape(&kicker(report)),
        escape(&summary(report)),
        tiles(report),
    )
}

fn kicker(report: &Report) -> String {
    let what = if report.generated_from.is_some() { "Drill report" } else { "Incident report" };
    format!("{what} · {}", report.document.application)
}

/// The five numbers that everyone asks for first.
fn tiles(report: &Report) -> String {
    let measures = &report.measures;
    let times = [
        ("Declared after", measures.detection, None),
        ("Acknowledged after", measures.acknowledgement, None),
        ("First action", measures.action, None),
        ("Recovered after", measures.recovery, Some(measures.rto_verdict())),
        ("All clear after", measures.all_clear, None),
    ];
    let tile = |(name, span, verdict): (&str, Option<shared::time::Span>, Option<Verdict>)| {
        let value = span.map_or_else(|| "–".to_owned(), |span| span.to_string());
        let note = match verdict {
            Some(verdict) => format!("RTO {}: {verdict}", measures.rto.own),
            None => String::new(),
        };
        format!(
            "<div><dt>{name}</dt><dd>{value}</dd><dd class=\"note\">{}</dd></div>\n",
            escape(&note)
        )
    };
    format!("<dl class=\"tiles\">\n{}</dl>\n", times.map(tile).concat())
}

fn part(report: &Report, Section { title, blocks }: Section) -> String {
    // The summary's sentences are the page's lead already.
    let repeated = |block: &Block| title == "Summary" && matches!(block, Block::Text(_));
    let blocks = blocks.into_iter().filter(|block| !repeated(block));
    let inner: String = blocks.map(|block| render(report, block)).collect();
    format!("<section>\n<h2>{title}</h2>\n{inner}</section>\n")
}

fn render(report: &Report, block: Block) -> String {
    match block {
        Block::Text(text) => format!("<p>{}</p>\n", escape(&text)),
        Block::List(points) => {
            let items = points.iter().map(|point| format!("<li>{}</li>\n", escape(point)));
            format!("<ul>\n{}</ul>\n", items.collect::<String>())
        }
        Block::Table(head, rows) => table("", &head, &rows),
        Block::Blank(question) => {
            format!("<div class=\"blank\"><p>{}</p></div>\n", escape(question))
        }
        Block::Heading(title) => format!("<h3>{title}</h3>\n"),
        Block::Timeline => timeline(report),
        Block::Command(command) => format!("<pre><code>{}</code></pre>\n", escape(&command)),
    }
}

fn timeline(report: &Report) -> String {
    let rows = report.lines.iter().map(|line| {
        let mark = format!("{} {}", line.mark.sign(), line.mark.word());
        vec![line.at.clock(), elapsed(line.after), mark, line.text.clone()]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    format!(
        "<figure>\n{}{}<figcaption>{}</figcaption>\n</figure>\n{}",
        draw(report, &WIDE),
        draw(report, &NARROW),
        legend(),
        table("timeline", &["UTC", "After", "What", "Happened"], &rows),
    )
}

/// Only the marks' signs need explaining; the words are in the table below.
fn legend() -> String {
    let entries = Mark::ALL
        .map(|mark| format!("<span><b>{}</b> {}</span> ", mark.sign(), mark.word().to_lowercase()));
    entries.concat()
}

fn table(class: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let heads: String = head.iter().map(|cell| format!("<th scope=\"col\">{cell}</th>")).collect();
    let mut out = format!("<table class=\"{class}\">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n");
    for row in rows {
        let cells: String = row.iter().map(|cell| cell_of(cell)).collect();
        out += &format!("<tr>{cells}</tr>\n");
    }
    out + "</tbody>\n</table>\n"
}

/// A verdict's own sign decides its colour.
fn cell_of(text: &str) -> String {
    let class = match text.chars().next() {
        Some('✓') => " class=\"good\"",
        Some('✗') => " class=\"bad\"",
        _ => "",
    };
    format!("<td{class}>{}</td>", escape(text))
}

/// Escapes text for elements and attributes alike, and drops what XML can't hold.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
