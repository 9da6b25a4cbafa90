//! What GitHub's dialect adds: tables, strikethrough, task lists, bare links.

use crate::tree::html;

#[test]
fn a_table_has_a_head_a_body_and_aligned_columns() {
    let written = "| Tên | Giá | SL |\n|:--|--:|:-:|\n| Trà **đá** | 5.000 | 2 |\n";
    let head = "<th align=\"left\">Tên</th>\n<th align=\"right\">Giá</th>\n<th align=\"center\">SL</th>\n";
    let body = "<td align=\"left\">Trà <strong>đá</strong></td>\n<td align=\"right\">5.000</td>\n<td align=\"center\">2</td>\n";
    let table = format!("<table>\n<thead>\n<tr>\n{head}</tr>\n</thead>\n<tbody>\n<tr>\n{body}</tr>\n</tbody>\n</table>\n");
    assert_eq!(html(written), table);
}

#[test]
fn a_row_with_too_few_cells_is_filled_and_one_with_too_many_is_cut() {
    let rows = html("|a|b|\n|-|-|\n|1|\n|1|2|3|\n");
    assert!(rows.contains("<td>1</td>\n<td></td>\n"), "{rows}");
    assert!(rows.contains("<td>1</td>\n<td>2</td>\n") && !rows.contains('3'), "{rows}");
}

#[test]
fn a_table_without_outer_pipes_follows_a_paragraph_without_a_blank_line() {
    let text = html("before\na | b\n- | -\n1 | 2\n");
    assert!(text.starts_with("<p>before</p>\n<table>"), "{text}");
    assert!(text.contains("<td>1</td>\n<td>2</td>"), "{text}");
}

#[test]
fn an_escaped_pipe_stands_in_a_cell_and_also_in_its_code() {
    let text = html("|a\\|b|\n|-|\n|`x\\|y`|\n");
    assert!(text.contains("<th>a|b</th>") && text.contains("<td><code>x|y</code></td>"), "{text}");
}

#[test]
fn a_header_whose_columns_do_not_match_stays_text() {
    assert_eq!(html("|a|b|\n|-|\n"), "<p>|a|b|\n|-|</p>\n");
    assert_eq!(html("a\n---\n"), "<h2>a</h2>\n");
}

#[test]
fn a_table_ends_at_a_blank_line_or_another_block() {
    assert!(html("|a|\n|-|\n|1|\n\ntext\n").ends_with("</table>\n<p>text</p>\n"));
    assert!(html("|a|\n|-|\n> quote\n").ends_with("</table>\n<blockquote>\n<p>quote</p>\n</blockquote>\n"));
    assert!(html("|a|\n|-|\n").ends_with("</thead>\n</table>\n"));
}

#[test]
fn two_tildes_or_one_strike_through_but_not_three_and_not_about() {
    assert_eq!(html("~~a~~ ~b~ ~~~c~~~\n"), "<p><del>a</del> <del>b</del> ~~~c~~~</p>\n");
    assert_eq!(html("~5 đến ~10 phút\n"), "<p>~5 đến ~10 phút</p>\n");
    assert_eq!(html("~~a~ b\n"), "<p>~~a~ b</p>\n");
}

#[test]
fn a_checkbox_begins_a_list_item_only() {
    let box_of = |checked: &str| format!("<input {checked}disabled=\"\" type=\"checkbox\"> ");
    let list = format!("<ul>\n<li>{}a</li>\n<li>{}b</li>\n</ul>\n", box_of(""), box_of("checked=\"\" "));
    assert_eq!(html("- [ ] a\n- [x] b\n"), list);
    assert_eq!(html("[ ] a\n"), "<p>[ ] a</p>\n");
    assert_eq!(html("- [ ]\n"), "<ul>\n<li>[ ]</li>\n</ul>\n");
}

#[test]
fn bare_links_leave_the_sentence_its_punctuation() {
    let link = |to: &str| format!("<a href=\"{to}\">{to}</a>");
    assert_eq!(html("(see https://a.vn/x_(y)?)\n"), format!("<p>(see {}?)</p>\n", link("https://a.vn/x_(y)")));
    assert_eq!(html("Xem https://a.vn, và **https://b.vn**.\n"), {
        format!("<p>Xem {}, và <strong>{}</strong>.</p>\n", link("https://a.vn"), link("https://b.vn"))
    });
    assert_eq!(html("https://a.vn/b&amp;\n"), format!("<p>{}&amp;</p>\n", link("https://a.vn/b")));
    assert_eq!(html("参见https://a.vn。好\n"), format!("<p>参见{}。好</p>\n", link("https://a.vn")));
}

#[test]
fn bare_hosts_and_mail_addresses_are_links_too() {
    assert_eq!(html("www.a.vn/x\n"), "<p><a href=\"http://www.a.vn/x\">www.a.vn/x</a></p>\n");
    assert_eq!(html("viết cho an.nguyen@b.vn.\n"), "<p>viết cho <a href=\"mailto:an.nguyen@b.vn\">an.nguyen@b.vn</a>.</p>\n");
    assert_eq!(html("awww.a.vn xhttps://a.vn a@b a@b.c-\n"), "<p>awww.a.vn xhttps://a.vn a@b a@b.c-</p>\n");
}

#[test]
fn a_link_around_a_bare_link_is_one_link() {
    assert_eq!(html("[https://a.vn](https://b.vn)\n"), "<p><a href=\"https://b.vn\">https://a.vn</a></p>\n");
    assert_eq!(html("[Trang https://a.vn nhé](https://b.vn)\n"), "<p><a href=\"https://b.vn\">Trang https://a.vn nhé</a></p>\n");
}

#[test]
fn br_is_the_one_tag_understood_since_cells_have_no_other_line_break() {
    assert!(html("|a|\n|-|\n|x<br>y<BR/>z|\n").contains("<td>x<br />\ny<br />\nz</td>"));
    assert_eq!(html("<b>x</b>\n"), "<p>&lt;b&gt;x&lt;/b&gt;</p>\n");
}
