//! What is said in the gallery, in each of the widget's languages. All of it is invented.

use std::cell::Cell;

/// One language's words.
pub(crate) struct Words {
    /// The pretend site's heading and text.
    pub(crate) page: (&'static str, &'static str),
    /// Name and description; the fourth is away.
    pub(crate) twins: [(&'static str, &'static str); 8],
    pub(crate) starters: [&'static str; 3],
    /// Title and last message.
    pub(crate) conversations: [(&'static str, &'static str); 6],
    pub(crate) disclaimer: &'static str,
    pub(crate) questions: [&'static str; 2],
    pub(crate) next: [&'static str; 2],
    pub(crate) short: &'static str,
    pub(crate) rich: &'static str,
    pub(crate) stopped: &'static str,
    pub(crate) progress: &'static str,
    /// Of the conversation with people: what is said in turn, and a draft.
    pub(crate) people: [&'static str; 5],
    pub(crate) authors: [&'static str; 2],
    pub(crate) quote: &'static str,
    pub(crate) files: [&'static str; 2],
    /// Before, found, after.
    pub(crate) hits: [[&'static str; 3]; 3],
    pub(crate) too_long: &'static str,
}

thread_local! {
    static SPOKEN: Cell<&'static Words> = const { Cell::new(&VI) };
}

/// From now on this language is spoken.
pub(crate) fn speak(language: &str) {
    SPOKEN.set(match language {
        "ar" => &AR,
        "en" => &EN,
        _ => &VI,
    });
}

pub(crate) fn words() -> &'static Words {
    SPOKEN.get()
}

static VI: Words = Words {
    page: (
        "Tiệm trà Mộc",
        "Trà ướp sen Tây Hồ, trà shan tuyết cổ thụ Hà Giang và những bộ ấm gốm men rạn làm tay. \
         Chúng tôi mở cửa từ tám giờ sáng đến chín giờ tối, giao hàng trong ngày ở nội thành Hà Nội.",
    ),
    twins: [
        ("Trợ lý Học tập", "Giải thích khái niệm khó bằng ví dụ dễ hiểu, ra bài tập và chấm từng bước cho học sinh lớp 6 đến lớp 12."),
        ("Chuyên gia Trà Mộc", "Tư vấn chọn trà, cách pha và bảo quản. Biết rõ từng vùng trà của tiệm."),
        ("Legal Helper", "Answers everyday questions about contracts, rentals and consumer rights. Not a substitute for a lawyer."),
        ("Bác sĩ Dinh dưỡng", "Gợi ý thực đơn theo thể trạng, bệnh nền và khẩu vị của gia đình bạn."),
        ("Hướng dẫn viên Đà Nẵng", "Lịch trình, quán ăn, thời tiết và mẹo đi lại."),
        ("Rust Mentor", "Reviews code, explains the borrow checker and designs small, sharp APIs with you."),
        ("Kế toán Hộ kinh doanh", ""),
        ("مساعد الضيافة", "يجيب عن أسئلة الضيوف حول الحجز والغرف والخدمات."),
    ],
    starters: ["Trà sen khác trà nhài thế nào?", "Gợi ý một món quà khoảng 500.000 ₫ cho người lớn tuổi", "How should I store green tea?"],
    conversations: [
        ("Cách pha trà sen ngon", "Nước khoảng 85 °C, hãm 90 giây rồi rót hết ra chuyên."),
        ("Quà biếu bố mẹ dịp Tết", "Mình gợi ý hộp shan tuyết 200 g kèm ấm gốm nhỏ."),
        ("Rental contract: notice period", "Thirty days in writing, unless your contract says more."),
        ("", "Xin chào! Tôi có thể giúp gì cho bạn?"),
        (
            "Ôn tập phương trình bậc hai và ứng dụng vào bài toán chuyển động ném xiên",
            "Đáp số: x₁ = 2, x₂ = −3. Bạn thử lại bằng hệ thức Vi-ét nhé.",
        ),
        ("Lịch trình 3 ngày ở Đà Nẵng", "Ngày 2: Bà Nà Hills, nên đi chuyến cáp 7:30."),
    ],
    disclaimer: "Câu trả lời do AI tạo, có thể chưa chính xác.",
    questions: ["Trà sen ở tiệm được ướp thế nào?", "Chỉ mình cách pha trà sen tại nhà với, mình có ấm 220 ml."],
    next: ["Và giá bao nhiêu một hộp?", "Còn loại nào khác không?"],
    short: "Trà sen Tây Hồ **ướp bằng gạo sen tươi**, mỗi cân trà cần khoảng 1.000 bông. Hương thơm dịu, hậu ngọt lâu.",
    rich: "## Pha trà sen trong 4 bước\n\n\
        1. **Tráng ấm** bằng nước sôi, rồi đổ đi.\n2. Cho *5 g trà* vào ấm 150 ml.\n3. Rót nước **85 °C**, hãm **90 giây**.\n4. Rót hết ra chuyên, chia đều các chén.\n\n\
        > Nước quá nóng sẽ làm trà chát và mất hương sen.\n\n\
        | Loại trà | Nhiệt độ | Thời gian | Số lần pha |\n|---|:-:|--:|--:|\n| Trà sen | 85 °C | 90 giây | 4 |\n| Shan tuyết | 95 °C | 30 giây | 7 |\n\n\
        - [x] Ấm đã tráng\n- [ ] Nước đủ 85 °C\n\n\
        Nếu muốn tính tỉ lệ cho ấm khác, dùng `tỉ_lệ = 5 / 150`:\n\n\
        ```python\ndef luong_tra(dung_tich_ml: float) -> float:\n    \"\"\"Gam trà cho một ấm.\"\"\"\n    return round(dung_tich_ml * 5 / 150, 1)\n```\n\n\
        Xem thêm ở [trang hướng dẫn](https://example.com/pha-tra). ![Ấm gốm men rạn](https://example.com/am.jpg)",
    stopped: "Trước hết bạn **tráng ấm** bằng nước sôi, sau đó",
    progress: "Đang tìm trong tài liệu…",
    people: [
        "Trà sen Tây Hồ còn hàng không ạ?",
        "Dạ còn ạ. Bên mình còn hộp **100 g** và hộp **200 g**, chị muốn lấy hộp nào ạ?",
        "Cho mình hộp 200 g, gửi kèm mẫu thiệp này nhé.",
        "Mình nhận được rồi, chiều nay bên mình gửi.",
        "Vâng, mình lấy hộp 200 g nhé.",
    ],
    authors: ["Nguyễn Lan Chi", "Phạm Đức"],
    quote: "Bên mình còn hộp 100 g và hộp 200 g, chị muốn lấy hộp nào ạ?",
    files: ["Mẫu thiệp chúc mừng năm mới.png", "Bảng giá tháng 3 (bản đầy đủ).pdf"],
    hits: [
        ["Chỉ mình cách pha ", "trà sen", " tại nhà với, mình có ấm 220 ml."],
        ["…", "Trà sen", " Tây Hồ ướp bằng gạo sen tươi, mỗi cân trà cần khoảng 1.000 bông. Hương thơm dịu…"],
        ["", "Trà sen", " ở tiệm được ướp thế nào?"],
    ],
    too_long: "Mình muốn hỏi thêm về cách bảo quản trà trong mùa nồm ở Hà Nội, ",
};

static EN: Words = Words {
    page: (
        "Moc Tea House",
        "Lotus-scented tea from West Lake, old-tree shan tea from the northern mountains, and crackle-glazed teapots made by hand. \
         Open from eight in the morning to nine in the evening; delivery within the day in central Hanoi.",
    ),
    twins: [
        ("Study Buddy", "Explains hard ideas with simple examples, sets exercises and marks them step by step, for grades 6 to 12."),
        ("Tea Expert", "Helps you choose, brew and store tea. Knows every garden the shop buys from."),
        ("Legal Helper", "Answers everyday questions about contracts, rentals and consumer rights. Not a substitute for a lawyer."),
        ("Nutritionist", "Suggests menus that fit your health, your allergies and your family’s taste."),
        ("Da Nang Guide", "Itineraries, places to eat, weather and how to get around."),
        ("Rust Mentor", "Reviews code, explains the borrow checker and designs small, sharp APIs with you."),
        ("Bookkeeper", ""),
        ("مساعد الضيافة", "يجيب عن أسئلة الضيوف حول الحجز والغرف والخدمات."),
    ],
    starters: [
        "How does lotus tea differ from jasmine tea?",
        "Suggest a gift of about 20 dollars for my grandparents",
        "How should I store green tea?",
    ],
    conversations: [
        ("Brewing lotus tea well", "Water at 85 °C, 90 seconds, then pour all of it out."),
        ("A present for my parents", "I’d suggest the 200 g box together with a small teapot."),
        ("Rental contract: notice period", "Thirty days in writing, unless your contract says more."),
        ("", "Hello! How can I help you?"),
        (
            "Quadratic equations and what they have to do with throwing a ball across the yard",
            "x₁ = 2, x₂ = −3. Check it with Vieta’s formulas.",
        ),
        ("Three days in Da Nang", "Day 2: Ba Na Hills; take the cable car at 7:30."),
    ],
    disclaimer: "Answers are written by AI and may be wrong.",
    questions: ["How is your lotus tea scented?", "How do I brew it at home? My pot holds 220 ml."],
    next: ["And how much is a box?", "Is there anything else?"],
    short: "West Lake tea is **scented with fresh lotus stamens**, about 1,000 flowers for a kilogram. Gentle, with a long sweet finish.",
    rich: "## Lotus tea in 4 steps\n\n\
        1. **Rinse the pot** with boiling water.\n2. Put *5 g of tea* into a 150 ml pot.\n3. Pour water at **85 °C** and wait **90 seconds**.\n4. Pour all of it into a jug, then into the cups.\n\n\
        > Water that is too hot makes the tea bitter.\n\n\
        | Tea | Temperature | Time | Infusions |\n|---|:-:|--:|--:|\n| Lotus | 85 °C | 90 s | 4 |\n| Shan | 95 °C | 30 s | 7 |\n\n\
        - [x] Pot rinsed\n- [ ] Water at 85 °C\n\n\
        For another pot use `ratio = 5 / 150`:\n\n\
        ```python\ndef tea(pot_ml: float) -> float:\n    \"\"\"Grams for one pot.\"\"\"\n    return round(pot_ml * 5 / 150, 1)\n```\n\n\
        More in [the guide](https://example.com/brew). ![A teapot](https://example.com/pot.jpg)",
    stopped: "First **rinse the pot** with boiling water, then",
    progress: "Looking through the documents…",
    people: [
        "Do you still have West Lake lotus tea?",
        "We do. There are boxes of **100 g** and of **200 g**; which one would you like?",
        "The 200 g one, please, with this card.",
        "Got it. We’ll send it this afternoon.",
        "Yes, the 200 g one, please.",
    ],
    authors: ["Nguyễn Lan Chi", "Phạm Đức"],
    quote: "There are boxes of 100 g and of 200 g; which one would you like?",
    files: ["New year card, second draft.png", "Prices in March (complete).pdf"],
    hits: [
        ["How do I brew ", "lotus tea", " at home? My pot holds 220 ml."],
        ["…", "lotus tea", " is scented with fresh stamens, about 1,000 flowers for a kilogram. Gentle, with a long…"],
        ["How is your ", "lotus tea", " scented?"],
    ],
    too_long: "I would also like to know how to store tea during the humid season, ",
};

static AR: Words = Words {
    page: (
        "دار الشاي موك",
        "شاي معطّر بزهر اللوتس من البحيرة الغربية، وشاي جبلي من أشجار معمّرة، وأباريق خزفية مصنوعة يدويًا. \
         نفتح أبوابنا من الثامنة صباحًا حتى التاسعة مساءً، والتوصيل في اليوم نفسه داخل المدينة.",
    ),
    twins: [
        ("مساعد الدراسة", "يشرح المفاهيم الصعبة بأمثلة بسيطة، ويضع التمارين ويصححها خطوة بخطوة لطلاب الصفوف من السادس إلى الثاني عشر."),
        ("خبير الشاي", "ينصحك في اختيار الشاي وتحضيره وحفظه، ويعرف كل مزرعة نشتري منها."),
        ("Legal Helper", "Answers everyday questions about contracts, rentals and consumer rights. Not a substitute for a lawyer."),
        ("أخصائية التغذية", "تقترح قوائم طعام تناسب صحتك وذوق عائلتك."),
        ("مرشد دا نانغ", "برامج الرحلات والمطاعم والطقس ونصائح التنقل."),
        ("Rust Mentor", "Reviews code, explains the borrow checker and designs small, sharp APIs with you."),
        ("محاسب المتاجر الصغيرة", ""),
        ("مساعد الضيافة", "يجيب عن أسئلة الضيوف حول الحجز والغرف والخدمات."),
    ],
    starters: ["ما الفرق بين شاي اللوتس وشاي الياسمين؟", "اقترح هدية بنحو 20 دولارًا لجدّيّ", "How should I store green tea?"],
    conversations: [
        ("تحضير شاي اللوتس", "الماء بحرارة 85 °م لمدة 90 ثانية، ثم يُسكب كله."),
        ("هدية لوالديّ", "أقترح علبة 200 غ مع إبريق صغير."),
        ("Rental contract: notice period", "Thirty days in writing, unless your contract says more."),
        ("", "مرحبًا! كيف يمكنني مساعدتك؟"),
        ("مراجعة المعادلات التربيعية وتطبيقها على مسائل حركة المقذوفات في الفيزياء", "الحل: x₁ = 2 و x₂ = −3. تحقّق بعلاقات فييت."),
        ("ثلاثة أيام في دا نانغ", "اليوم الثاني: تلال با نا، والأفضل تلفريك الساعة 7:30."),
    ],
    disclaimer: "الإجابات من إعداد الذكاء الاصطناعي وقد لا تكون دقيقة.",
    questions: ["كيف يُعطَّر شاي اللوتس لديكم؟", "كيف أحضّره في البيت؟ إبريقي سعته 220 مل."],
    next: ["وكم سعر العلبة؟", "هل من أنواع أخرى؟"],
    short: "يُعطَّر شاي البحيرة الغربية **بأسدية اللوتس الطازجة**، ويحتاج الكيلوغرام إلى نحو 1000 زهرة. رائحته هادئة ومذاقه حلو يدوم.",
    rich: "## شاي اللوتس في 4 خطوات\n\n\
        1. **اغسل الإبريق** بالماء المغلي.\n2. ضع *5 غ من الشاي* في إبريق سعته 150 مل.\n3. اسكب الماء بحرارة **85 °م** وانتظر **90 ثانية**.\n4. اسكب الشاي كله ثم وزّعه على الفناجين.\n\n\
        > الماء الشديد السخونة يجعل الشاي مرًّا.\n\n\
        | الشاي | الحرارة | الوقت | عدد المرات |\n|---|:-:|--:|--:|\n| اللوتس | 85 °م | 90 ثانية | 4 |\n| شان | 95 °م | 30 ثانية | 7 |\n\n\
        - [x] غُسل الإبريق\n- [ ] الماء بحرارة 85 °م\n\n\
        لإبريق آخر استخدم `ratio = 5 / 150`:\n\n\
        ```python\ndef tea(pot_ml: float) -> float:\n    \"\"\"Grams for one pot.\"\"\"\n    return round(pot_ml * 5 / 150, 1)\n```\n\n\
        المزيد في [الدليل](https://example.com/brew). ![إبريق خزفي](https://example.com/pot.jpg)",
    stopped: "أولًا **اغسل الإبريق** بالماء المغلي، ثم",
    progress: "جارٍ البحث في المستندات…",
    people: [
        "هل ما زال لديكم شاي اللوتس؟",
        "نعم. لدينا علب **100 غ** و**200 غ**، أيّهما تفضّلين؟",
        "علبة 200 غ من فضلك، مع هذه البطاقة.",
        "وصلتني، وسنرسلها عصر اليوم.",
        "نعم، علبة 200 غ من فضلك.",
    ],
    authors: ["ليلى حداد", "عمر ناصر"],
    quote: "لدينا علب 100 غ و200 غ، أيّهما تفضّلين؟",
    files: ["بطاقة رأس السنة.png", "قائمة الأسعار الكاملة لشهر آذار.pdf"],
    hits: [
        ["كيف أحضّر ", "شاي اللوتس", " في البيت؟ إبريقي سعته 220 مل."],
        ["…", "شاي اللوتس", " بأسدية طازجة، ويحتاج الكيلوغرام إلى نحو 1000 زهرة. رائحته هادئة…"],
        ["كيف يُعطَّر ", "شاي اللوتس", " لديكم؟"],
    ],
    too_long: "أودّ أن أسأل أيضًا عن حفظ الشاي في موسم الرطوبة، ",
};
