//! Answers as twins write them.

/// An answer in Vietnamese with one of everything.
pub(crate) const TOUR: &str = "\
## Lịch trình **3 ngày** ở Đà Nẵng 🏖️

Chào bạn! Dưới đây là gợi ý *ngắn gọn*, xem thêm [trang du lịch](https://danang.example/du-lich?a=1&b=2 \"Trang chủ\") hoặc https://a.example/x.

1. **Ngày 1:** Bãi biển Mỹ Khê
   - Sáng: tắm biển
   - Chiều: *Ngũ Hành Sơn*

     Nhớ mang giày thể thao.
2. **Ngày 2:** Bà Nà Hills
   1. Cáp treo
   2. Cầu Vàng
3. Ngày 3: `chợ Hàn`

| Hạng mục | Chi phí | Ghi chú |
|:---------|--------:|:-------:|
| Khách sạn | 900.000 | **2** đêm |
| Ăn uống | 600.000 | `~` |

> Lưu ý: đặt vé **sớm**.
>
> - Giá có thể đổi
> - Thời tiết nữa

```rust
fn main() {
    println!(\"**không phải chữ đậm**\");

}
```

- [x] Đặt phòng
- [ ] Mua vé ~~máy bay~~ tàu

---

Tiêu đề kiểu cũ
===============

Chúc bạn ***vui vẻ***!  
Dòng mới\\
và dòng nữa.
";

/// An answer in English.
pub(crate) const CODE: &str = "\
# Reading a file

Use `std::fs`:

~~~
let text = std::fs::read_to_string(path)?;

~~~

Or, line by line:

    for line in text.lines() {

    }

* first
* second

+ other list

1) one
2) two

Ask <mailto:me@example.com> or <https://example.com>. 5 * 3 * 2 and snake_case_name stay.
Inline ``code with ` tick``. &copy; &amp; \\*not this\\*
";

pub(crate) const ALL: [&str; 2] = [TOUR, CODE];
