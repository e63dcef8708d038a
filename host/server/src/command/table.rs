//! Columns for people.

use std::io::{self, Write};

/// Prints rows with aligned columns, two spaces apart; the last column is not padded.
pub(super) fn print(out: &mut impl Write, rows: &[Vec<String>]) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}

/// A time as people write it, in UTC.
pub(super) fn time(ms: i64) -> String {
    formatted(ms, "%Y-%m-%d %H:%M:%S")
}

/// As `time`, with milliseconds.
pub(super) fn exact_time(ms: i64) -> String {
    formatted(ms, "%Y-%m-%d %H:%M:%S%.3f")
}

fn formatted(ms: i64, format: &str) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |time| time.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc() {
        assert_eq!(exact_time(1_767_222_000_042), "2025-12-31 23:00:00.042");
        assert_eq!(time(1_767_222_000_042), "2025-12-31 23:00:00");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "b"], ["ccc", "d"]].map(|row| row.map(str::to_owned).to_vec());
        let mut out = Vec::new();
        print(&mut out, &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a    b\nccc  d\n");
    }
}
