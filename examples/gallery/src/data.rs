//! Invented twins, conversations and messages.

use leptos::prelude::*;
use twinchat::app::MessageEntry;
use twinchat::state::EntryStatus;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::id::{ConversationId, MessageId, TwinId};
use twinchat_protocol::message::{Feedback, Role};
use twinchat_protocol::twin::{Capabilities, Twin};

/// The moment it is in the gallery.
pub(crate) fn now() -> u64 {
    js_sys::Date::parse("2026-03-12T14:32:00") as u64
}

pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

pub(crate) const PAGE: &str = "Trà ướp sen Tây Hồ, trà shan tuyết cổ thụ Hà Giang và những bộ ấm gốm men rạn làm tay. \
    Chúng tôi mở cửa từ tám giờ sáng đến chín giờ tối, giao hàng trong ngày ở nội thành Hà Nội. \
    Mỗi mẻ trà đều ghi rõ vùng trồng, ngày hái và người sao.";

pub(crate) fn twin(number: usize) -> Twin {
    let (name, description, available) = [
        (
            "Trợ lý Học tập",
            "Giải thích khái niệm khó bằng ví dụ dễ hiểu, ra bài tập và chấm từng bước cho học sinh lớp 6 đến lớp 12.",
            true,
        ),
        ("Chuyên gia Trà Mộc", "Tư vấn chọn trà, cách pha và bảo quản. Biết rõ từng vùng trà của tiệm.", true),
        ("Legal Helper", "Answers everyday questions about contracts, rentals and consumer rights. Not a substitute for a lawyer.", true),
        ("Bác sĩ Dinh dưỡng", "Gợi ý thực đơn theo thể trạng, bệnh nền và khẩu vị của gia đình bạn.", false),
        ("Hướng dẫn viên Đà Nẵng", "Lịch trình, quán ăn, thời tiết và mẹo đi lại.", true),
        ("Rust Mentor", "Reviews code, explains the borrow checker and designs small, sharp APIs with you.", true),
        ("Kế toán Hộ kinh doanh", "", true),
        ("مساعد الضيافة", "يجيب عن أسئلة الضيوف حول الحجز والغرف والخدمات.", true),
    ][number % 8];
    let starters =
        ["Trà sen khác trà nhài thế nào?", "Gợi ý một món quà khoảng 500.000 ₫ cho người lớn tuổi", "How should I store green tea?"];
    Twin {
        id: TwinId::from_random(&format!("gallery{number:03}")),
        name: name.to_owned(),
        description: description.to_owned(),
        avatar_url: None,
        available,
        starters: starters.map(str::to_owned).to_vec(),
        capabilities: Capabilities { stream: true, stop: true, ..Capabilities::default() },
    }
}

pub(crate) fn conversation(number: u64, age: u64) -> Conversation {
    let (title, last) = [
        ("Cách pha trà sen ngon", "Nước khoảng 85 °C, hãm 90 giây rồi rót hết ra chuyên."),
        ("Quà biếu bố mẹ dịp Tết", "Mình gợi ý hộp shan tuyết 200 g kèm ấm gốm nhỏ."),
        ("Rental contract: notice period", "Thirty days in writing, unless your contract says more."),
        ("", "Xin chào! Tôi có thể giúp gì cho bạn?"),
        (
            "Ôn tập phương trình bậc hai và ứng dụng vào bài toán chuyển động ném xiên",
            "Đáp số: x₁ = 2, x₂ = −3. Bạn thử lại bằng hệ thức Vi-ét nhé.",
        ),
        ("Lịch trình 3 ngày ở Đà Nẵng", "Ngày 2: Bà Nà Hills, nên đi chuyến cáp 7:30."),
    ][usize::try_from(number).unwrap_or_default() % 6];
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64((now() - age) as f64));
    Conversation {
        id: ConversationId::from_random(&format!("gallery{number:03}")),
        twin_id: twin(usize::try_from(number).unwrap_or_default()).id,
        title: title.to_owned(),
        created_at: date.to_iso_string().into(),
        updated_at: date.to_iso_string().into(),
        last_message: Some(last.to_owned()),
        message_count: 8,
        active_message_id: (number == 1).then(|| MessageId::from_random("gallery001")),
        waiting_for_person: false,
    }
}

pub(crate) fn entry(key: &str, role: Role, age: u64, text: &str, status: EntryStatus) -> MessageEntry {
    MessageEntry {
        key: key.to_owned(),
        id: RwSignal::new(key.to_owned()),
        role,
        created_at: now() - age,
        text: RwSignal::new(text.to_owned()),
        status: RwSignal::new(status),
        feedback: RwSignal::new((key == "a1").then_some(Feedback::Up)),
        extras: RwSignal::default(),
    }
}

pub(crate) fn asked(key: &str, age: u64, text: &str) -> MessageEntry {
    entry(key, Role::User, age, text, EntryStatus::Complete)
}

pub(crate) fn answered(key: &str, age: u64, text: &str) -> MessageEntry {
    entry(key, Role::Assistant, age, text, EntryStatus::Complete)
}

pub(crate) const SHORT: &str = "Trà sen Tây Hồ **ướp bằng gạo sen tươi**, mỗi cân trà cần khoảng 1.000 bông. Hương thơm dịu, hậu ngọt lâu.";

pub(crate) const RICH: &str = "## Pha trà sen trong 4 bước\n\n\
1. **Tráng ấm** bằng nước sôi, rồi đổ đi.\n2. Cho *5 g trà* vào ấm 150 ml.\n3. Rót nước **85 °C**, hãm **90 giây**.\n4. Rót hết ra chuyên, chia đều các chén.\n\n\
> Nước quá nóng sẽ làm trà chát và mất hương sen.\n\n\
| Loại trà | Nhiệt độ | Thời gian | Số lần pha |\n|---|:-:|--:|--:|\n| Trà sen | 85 °C | 90 giây | 4 |\n| Shan tuyết | 95 °C | 30 giây | 7 |\n| Ô long | 92 °C | 45 giây | 6 |\n\n\
- [x] Ấm đã tráng\n- [ ] Nước đủ 85 °C\n\n\
Nếu muốn tính tỉ lệ cho ấm khác, dùng `tỉ_lệ = 5 / 150`:\n\n\
```python\ndef luong_tra(dung_tich_ml: float) -> float:\n    \"\"\"Gam trà cho một ấm.\"\"\"\n    return round(dung_tich_ml * 5 / 150, 1)\n\nprint(luong_tra(220))  # 7.3\n```\n\n\
Xem thêm ở [trang hướng dẫn](https://example.com/pha-tra). ![Ấm gốm men rạn](https://example.com/am.jpg) 🍵";

pub(crate) const HOSTILE: &str = "<img src=x onerror=alert(1)> <script>alert(1)</script> [bấm vào đây](javascript:alert(1)) **vẫn đậm**";
