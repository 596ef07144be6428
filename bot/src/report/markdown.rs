//! The report as Markdown, for a wiki or a pull request. Text from outside can't break out of its cell or line.

use shared::timeline::elapsed;

use super::Report;
use super::sections::{Block, Section, sections};

/// Renders the report as Markdown (GitHub's tables).
pub fn markdown(report: &Report) -> String {
    let mut out = format!("# {}\n", escape(&report.title()));
    for Section { title, blocks } in sections(report) {
        out += &format!("\n## {title}\n");
        for block in blocks {
            out.push('\n');
            out += &render(report, block);
        }
    }
    out
}

fn render(report: &Report, block: Block) -> String {
    match block {
        Block::Text(text) => escape(&text) + "\n",
        Block::List(points) => {
            points.iter().map(|point| format!("- {}\n", escape(point))).collect()
        }
        Block::Table(head, rows) => table(&head, &rows),
        Block::Blank(question) => format!("**{question}**\n\n> _to be filled in_\n"),
        Block::Heading(title) => format!("### {title}\n"),
        Block::Timeline => timeline(report),
        Block::Command(command) => format!("```sh\n{command}\n```\n"),
    }
}

fn timeline(report: &Report) -> String {
    let rows = report.lines.iter().map(|line| {
        let mark = format!("{} {}", line.mark.sign(), line.mark.word());
        vec![line.at.clock(), elapsed(line.after), mark, line.text.clone()]
    });
    table(&["UTC", "After", "What", "Happened"], &rows.collect::<Vec<_>>())
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let rule = "|---".repeat(head.len());
    let mut out = format!("| {} |\n{rule}|\n", head.join(" | "));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        out += &format!("| {} |\n", cells.join(" | "));
    }
    out
}

/// Escapes what Markdown or inline HTML would act on.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}
