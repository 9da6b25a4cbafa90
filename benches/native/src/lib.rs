//! What twins say in a bench: the same mix of markdown in Vietnamese and English at every run.
//!
//! Deliberately absent: anything that is measured, which is in `benches/`, one file per room.

/// One part of each sort, as language models write them.
const PARTS: &[&str] = &[
    "## Cách làm từng bước\n\nBạn nên đặt phòng trước ít nhất **hai tuần**, nhất là vào mùa lễ hội. Giá vé từ 1.250.000 đ, đã gồm hành lý 20 kg; xem thêm [bảng giá](https://example.com/gia?tuyen=hue).\n\n",
    "The short answer is **yes**, but only when both sides agree on the *same version*. Run `cargo build --release` first; a debug build is about ten times slower.\n\n",
    "- Ownership means that every value has *exactly one* owner\n- Mình đã kiểm tra lại: đơn hàng đang ở kho **Đà Nẵng**\n  - giao trước `18:00`\n- [ ] a task\n\n",
    "1. Keep the letter to one page\n2. Open with the position, and close with a **clear next step**\n3. Gửi lại cho mình xem\n\n",
    "```rust\nfn main() {\n    let words = vec![\"một\", \"hai\"]; // a comment\n    println!(\"{words:?}\");\n}\n```\n\n",
    "| Mục | Item | Giá |\n|---|:---|---:|\n| 1 | `A-17` | 120.000 |\n| 2 | **B** | 9.500 |\n| 3 | phở & bún | 45.000 |\n\n",
    "> Theo [Bộ luật Lao động](https://example.com/luat), người lao động được nghỉ 12 ngày phép mỗi năm.\n> Your order was shipped.\n\n",
];

/// An answer of about so many bytes.
#[must_use]
pub fn answer(bytes: usize) -> String {
    let mut text = String::new();
    for part in PARTS.iter().cycle() {
        if text.len() >= bytes {
            break;
        }
        text.push_str(part);
    }
    text
}

/// The text in pieces of about so many bytes.
#[must_use]
pub fn deltas(text: &str, bytes: usize) -> Vec<&str> {
    let mut rest = text;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.ceil_char_boundary(bytes.min(rest.len())));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
