//! A Rust file as the rules see it: its text, and its code with comments and literals blanked out.

/// A Rust file.
pub(super) struct Source {
    /// Relative to the repository.
    pub(super) path: String,
    /// As it is.
    pub(super) text: String,
    /// The same lines and columns, with blanks for comments, strings and characters.
    pub(super) code: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function<'s> {
    /// Its name.
    pub(super) name: &'s str,
    /// The line of `fn`, from 1.
    pub(super) line: usize,
    /// Lines from `fn` to the closing brace, both included.
    pub(super) lines: usize,
}

impl Source {
    pub(super) fn new(path: &str, text: String) -> Self {
        let code = blank_comments_and_literals(&text);
        Self { path: path.to_owned(), text, code }
    }

    /// Every word of the code with its line, from 1, and its place.
    pub(super) fn words(&self) -> impl Iterator<Item = (usize, usize, &str)> {
        words(&self.code).map(|(place, word)| (line_of(&self.code, place), place, word))
    }

    /// The functions with bodies.
    ///
    /// Finds the body as the first brace outside of parentheses and brackets, so it mistakes a const argument in braces
    /// in a signature (`-> Row<{ N }>`) for it. Functions in macros are seen as they are written there.
    pub(super) fn functions(&self) -> Vec<Function<'_>> {
        let mut all = Vec::new();
        for (place, _) in words(&self.code).filter(|(_, word)| *word == "fn") {
            let after = place + "fn".len();
            // `fn(` is a type.
            let Some((name_place, name)) = words(&self.code[after..]).next() else { continue };
            if self.code[after..after + name_place].contains('(') {
                continue;
            }
            let Some(open) = body_of(&self.code, after) else { continue };
            let line = line_of(&self.code, place);
            let lines = line_of(&self.code, closing_brace(&self.code, open)) - line + 1;
            all.push(Function { name, line, lines });
        }
        all
    }

    /// The code without items under `#[cfg(test)]`.
    pub(super) fn code_outside_tests(&self) -> String {
        const TEST_ONLY: &str = "#[cfg(test)]";
        let mut code = self.code.clone();
        while let Some(start) = code.find(TEST_ONLY) {
            let after = start + TEST_ONLY.len();
            let end = match body_of(&code, after) {
                Some(open) => closing_brace(&code, open),
                None => code[after..].find(';').map_or(code.len() - 1, |length| after + length),
            };
            let blanks = blank(&code[start..=end]);
            code.replace_range(start..=end, &blanks);
        }
        code
    }
}

/// The words (identifiers, keywords, numbers) of `code` with their places.
pub(super) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr().addr() - code.as_ptr().addr(), word))
}

/// The line, from 1, of a place.
pub(super) fn line_of(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count() + 1
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first brace from `start` on that stands in no parentheses or brackets; none if a semicolon comes first.
fn body_of(code: &str, start: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (place, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(start + place),
            _ => {}
        }
    }
    None
}

/// The brace that closes the one at `open`; the end if there is none.
fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (place, c) in code[open..].char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return open + place;
        }
    }
    code.len() - 1
}

/// Blanks of the same length, with the same line breaks.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

fn blank_comments_and_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let before = code.chars().next_back();
        if let Some(length) = comment_or_literal(rest, before) {
            code.push_str(&blank(&rest[..length]));
            rest = &rest[length..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// The length of the comment or literal that `text` begins with, if it does.
fn comment_or_literal(text: &str, before: Option<char>) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    if text.starts_with('\'') {
        return character(text);
    }
    // A prefix is one only at the beginning of a word.
    let prefixes: &[&str] = if before.is_some_and(is_word) { &[""] } else { &["", "b", "c", "r", "br", "cr"] };
    let prefix = prefixes.iter().rfind(|prefix| opens_string(text, prefix))?;
    let quoted = &text[prefix.len()..];
    let hashes = quoted.len() - quoted.trim_start_matches('#').len();
    let inside = &quoted[hashes + 1..];
    let length = if prefix.ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        inside.find(&end).map_or(inside.len(), |length| length + end.len())
    } else {
        escaped(inside, '"')
    };
    Some(prefix.len() + hashes + 1 + length)
}

fn opens_string(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|quoted| {
        let quoted = if prefix.ends_with('r') { quoted.trim_start_matches('#') } else { quoted };
        quoted.starts_with('"')
    })
}

/// The length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_i32;
    let mut place = 0;
    while place < text.len() {
        let here = &text.as_bytes()[place..];
        let step = i32::from(here.starts_with(b"/*")) - i32::from(here.starts_with(b"*/"));
        depth += step;
        place += if step == 0 { 1 } else { 2 };
        if depth == 0 {
            return place;
        }
    }
    text.len()
}

/// The length of a character literal; none for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        return Some(1 + escaped(&text[1..], '\''));
    }
    let (place, second) = chars.next()?;
    (second == '\'').then_some(place + 1)
}

/// The length up to and with the `quote` that no backslash precedes.
fn escaped(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (place, c) in text.char_indices() {
        if c == quote && !is_escaped {
            return place + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new("x.rs", text.to_owned()).code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        for (text, expected) in [
            ("a // unsafe\nb", "a b"),
            ("a /* one /* two */ { */ b", "a b"),
            (r#"f("a \" // {", 'x', '\'', '{', '\u{7d}') g"#, "f( , , , , ) g"),
            (r##"f(r#"a " }"#, b"\\", br"\", c"x") g"##, "f( , , , ) g"),
            ("fn f<'a>(x: &'a str) -> X<'_> {}", "fn f<'a>(x: &'a str) -> X<'_> {}"),
            ("r#type = for_r\"x\"", "r#type = for_r"),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
        let kept = Source::new("x.rs", "a\n\"b\nc\"\nd".to_owned());
        assert_eq!((kept.code.len(), line_of(&kept.code, kept.code.find('d').unwrap())), (kept.text.len(), 4));
    }

    #[test]
    fn functions_are_measured() {
        let text = "trait T {\n    fn none(&self) -> [u8; { 3 }];\n    fn one(&self) {}\n}\n\
                    fn two(f: fn(u8) -> u8) -> u8\nwhere\n    u8: Copy,\n{\n    if f(1) == 2 { 3 } else { 4 }\n}\n";
        let source = Source::new("x.rs", text.to_owned());
        let measured: Vec<_> = source.functions().iter().map(|found| (found.name, found.line, found.lines)).collect();
        assert_eq!(measured, [("one", 3, 1), ("two", 5, 6)]);
    }

    #[test]
    fn tests_are_left_out() {
        let text = "use a;\n#[cfg(test)]\nmod tests {\n    use b;\n}\n#[cfg(test)]\nmod more;\nuse c;\n";
        let source = Source::new("x.rs", text.to_owned());
        let code: Vec<&str> = words(&source.code).map(|(_, word)| word).collect();
        assert!(code.contains(&"b"));
        let outside = source.code_outside_tests();
        let left: Vec<&str> = words(&outside).map(|(_, word)| word).collect();
        assert_eq!(left, ["use", "a", "use", "c"]);
        assert_eq!(outside.len(), text.len());
    }
}
