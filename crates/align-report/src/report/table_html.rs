use super::column_format::{ColumnFormat, formats, interval_remarks};
use super::sections::Numbering;
use super::table::Table;
use super::table_width::is_wide;
use crate::Result;
use crate::escaped_text::EscapedText;
use maud::{Markup, html};

/// The tables of a section.
pub(super) fn tables(tables: &[Table], numbers: &mut Numbering) -> Result<Markup> {
    let shown: Vec<Markup> =
        tables.iter().map(|table| table_html(table, numbers.next_table())).collect::<Result<_>>()?;
    Ok(html! { @for table in shown { (table) } })
}

fn table_html(table: &Table, number: usize) -> Result<Markup> {
    table.check()?;
    let looks = formats(table);
    // On a narrow screen, each row of a wide table becomes a block of lines.
    let is_wide = is_wide(table, &looks);
    let remarks = remarks(table, &looks);
    let group_ends =
        |i: usize| i > 0 && table.rows.get(i - 1).map(|row| &row.group) != table.rows.get(i).map(|row| &row.group);
    let id = format!("table-{number}");
    Ok(html! {
        figure class="table" {
            figcaption id=(id) {
                p {
                    b { "Table " (number) "." } " " (EscapedText(&table.caption))
                    @for remark in remarks { " " span class="remark" { (remark) } }
                }
            }
            // Focusable, so that it can be scrolled with the keyboard.
            div class="scroll" role="region" tabindex="0" aria-labelledby=(id) {
                table class=[is_wide.then_some("wide-table")] {
                    thead {
                        tr {
                            th scope="col" { (EscapedText(&table.row_title)) }
                            @for (column, format) in table.columns.iter().zip(&looks) {
                                // A number and its interval have separate cells so that both are aligned.
                                th scope="col" class=[format.class()] colspan=[format.has_intervals().then_some(2)] {
                                    (EscapedText(&column.title))
                                    @if !column.unit.is_empty() { span class="unit" { (EscapedText(&column.unit)) } }
                                }
                            }
                        }
                    }
                    tbody {
                        @for (i, row) in table.rows.iter().enumerate() {
                            tr class=[group_ends(i).then_some("group")] {
                                th scope="row" { span class="name" { (EscapedText(&row.name)) } }
                                @for (cell, format) in row.cells.iter().zip(&looks) { (format.cell(cell)) }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// How to read the numbers, as far as it applies to the table.
fn remarks(table: &Table, looks: &[ColumnFormat]) -> Vec<&'static str> {
    let mut remarks = interval_remarks(looks);
    if table.columns.iter().any(|column| column.better.is_some()) {
        remarks.push("Bold: the best value of the column, if its interval overlaps with no other.");
    }
    remarks
}
