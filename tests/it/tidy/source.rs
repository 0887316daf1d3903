//! Just enough reading of Rust to tell code from words: comments and texts are blanked, `use` trees are spelled out.

/// The code with the insides of comments, texts and characters blanked. Lines stay where they were.
pub fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let blank = |code: &mut String, part: &[char]| code.extend(part.iter().map(|&c| if c == '\n' { c } else { ' ' }));
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        let len = if rest.starts_with(&['/', '/']) {
            rest.iter().position(|&c| c == '\n').unwrap_or(rest.len())
        } else if rest.starts_with(&['/', '*']) {
            block_comment(rest)
        } else if rest[0] == '"' {
            quoted(rest)
        } else if rest[0] == 'r' && !after_word {
            raw_text(rest)
        } else if rest[0] == '\'' {
            character(rest)
        } else {
            0
        };
        if len == 0 {
            code.push(rest[0]);
            at += 1;
        } else {
            blank(&mut code, &rest[..len]);
            at += len;
        }
    }
    code
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(['/', '*']) => (depth, at) = (depth + 1, at + 2),
            Some(['*', '/']) if depth == 1 => return at + 2,
            Some(['*', '/']) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of `r"…"` or `r#"…"#`; zero if this is only a name that starts with r.
fn raw_text(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&c| c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &rest[2 + hashes..];
    let stop = body.windows(end.len()).position(|w| w == end).map_or(body.len(), |p| p + end.len());
    2 + hashes + stop
}

/// The length of `'x'` or `'\n'`; zero if this is a lifetime.
fn character(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', _, more @ ..] => 3 + more.iter().position(|&c| c == '\'').map_or(more.len(), |p| p + 1),
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

/// The text before the file's `#[cfg(test)] mod …`: what ships.
pub fn shipped(text: &str) -> &str {
    let mut from = 0;
    while let Some(found) = text[from..].find("#[cfg(test)]") {
        let (start, after) = (from + found, from + found + "#[cfg(test)]".len());
        if text[after..].trim_start().starts_with("mod ") {
            return &text[..start];
        }
        from = after;
    }
    text
}

/// Every path the code names, with its line: those in the code as they stand, those in `use` trees spelled out.
pub fn paths(text: &str) -> Vec<(usize, String)> {
    let code = code_of(text);
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = code.as_str();
    let mut previous = ' ';
    while let Some(c) = rest.chars().next() {
        let starts_word = (c.is_alphabetic() || c == '_') && !(previous.is_alphanumeric() || previous == '_');
        let taken = if !starts_word {
            c.len_utf8()
        } else if rest.starts_with("use ") {
            let end = rest.find(';').unwrap_or(rest.len());
            spell_out("", &rest["use ".len()..end], line, &mut found);
            end
        } else {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
            let path = rest[..end].trim_end_matches(':');
            if path.contains("::") {
                found.push((line, path.to_owned()));
            }
            end.max(1)
        };
        line += rest[..taken].matches('\n').count();
        previous = rest[..taken].chars().next_back().unwrap_or(' ');
        rest = &rest[taken..];
    }
    found
}

fn spell_out(before: &str, tree: &str, line: usize, found: &mut Vec<(usize, String)>) {
    let line = line + leading_lines(tree);
    let Some(open) = tree.find('{') else {
        let name = tree.split_whitespace().next().unwrap_or_default();
        if !name.is_empty() {
            found.push((line, format!("{before}{name}")));
        }
        return;
    };
    let inside = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let before = format!("{before}{}", tree[..open].trim());
    let (mut depth, mut start, mut at_line) = (0, 0, line);
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                spell_out(&before, &inside[start..at], at_line, found);
                at_line += inside[start..at].matches('\n').count();
                start = at + 1;
            }
            _ => {}
        }
    }
}

fn leading_lines(text: &str) -> usize {
    text[..text.len() - text.trim_start().len()].matches('\n').count()
}

#[test]
fn words_are_not_code() {
    let text = "a /* std::fs /* x */ */ \"std::fs \\\" {\" r#\"std::fs\"# '\\'' '{' <'a> // std::fs\nb";
    let code = code_of(text);
    assert!(!code.contains("fs") && !code.contains('{') && code.contains("<'a>"), "{code}");
    assert_eq!(code.lines().count(), 2);
}

#[test]
fn use_trees_are_spelled_out() {
    let text = "use std::{\n    fs,\n    net::{TcpStream, self},\n};\nuse crate::wire as w;\nlet x = a::b::c::<u8>(d);";
    let expected =
        [(2, "std::fs"), (3, "std::net::TcpStream"), (3, "std::net::self"), (5, "crate::wire"), (6, "a::b::c")];
    assert_eq!(paths(text), expected.map(|(line, path)| (line, path.to_owned())));
}

#[test]
fn only_a_test_module_ends_what_ships() {
    assert_eq!(shipped("a\n#[cfg(test)]\nuse b;\n#[cfg(test)]\nmod tests {}"), "a\n#[cfg(test)]\nuse b;\n");
}
