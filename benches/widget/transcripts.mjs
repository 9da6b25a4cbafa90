// What twins say in a bench: markdown in Vietnamese and English as language models write it, the same for the same seed.

const VI = [
  'Bạn nên đặt phòng trước ít nhất **hai tuần**, nhất là vào mùa lễ hội.',
  'Thời gian thử việc tối đa là *60 ngày* với công việc cần trình độ cao đẳng trở lên.',
  'Để kết nối, gọi `connect()` một lần rồi giữ lại kết quả cho các lần sau.',
  'Giá vé từ 1.250.000 đ, đã gồm hành lý 20 kg; xem thêm [bảng giá](https://example.com/gia?tuyen=hue).',
  'Mình đã kiểm tra lại: đơn hàng của bạn đang ở kho **Đà Nẵng** và sẽ được giao trước 18 giờ.',
  'Nếu vẫn lỗi, hãy xoá thư mục `target/` rồi biên dịch lại từ đầu.',
  'Phở bò Hà Nội có nước dùng trong, còn phở Sài Gòn thì ngọt và ăn kèm *nhiều rau*.',
  'Theo [Bộ luật Lao động](https://example.com/luat/45-2019), người lao động được nghỉ 12 ngày phép mỗi năm.',
];
const EN = [
  'The short answer is **yes**, but only when both sides agree on the same version.',
  'Ownership means that every value has *exactly one* owner, and is dropped with it.',
  'Run `cargo build --release` first; a debug build is about ten times slower.',
  'Your order was shipped on Tuesday; you can follow it on the [tracking page](https://example.com/orders/4711).',
  'Keep the letter to one page, open with the position, and close with a **clear next step**.',
  'A refund takes three to five working days, depending on your bank.',
  'Note that `async fn` in traits is stable, so the old macro is no longer needed.',
  'In December it is about 15 °C in Da Lat at noon and *close to 10 °C* at night.',
];
const HEADINGS = ['Cách làm từng bước', 'What to do next', 'So sánh hai lựa chọn', 'A worked example', 'Lưu ý khi dùng', 'Common mistakes'];
const CODE = {
  rust: ['fn main() {', '    let words = vec!["một", "hai"]; // a comment', '    for (at, word) in words.iter().enumerate() {', '        println!("{at}: {word}");', '    }', '}'],
  js: ['const answer = await fetch("/api/v1/twins");', 'if (!answer.ok) throw new Error(`status ${answer.status}`);', 'for (const twin of (await answer.json()).data) {', '  console.log(twin.name); // tên', '}'],
  python: ['def total(rows):', '    """Tổng của cột tiền."""', '    return sum(float(row["amount"]) for row in rows if row["amount"])', '', 'print(total(read("luong.csv")))'],
  sql: ['SELECT city, count(*) AS orders', 'FROM sales WHERE sold_at > now() - interval \'7 days\'', 'GROUP BY city ORDER BY orders DESC;'],
};

/** Numbers between 0 and 1 (mulberry32), the same for the same seed. */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const one = (roll, list) => list[Math.floor(roll() * list.length)];
const sentence = (roll, language) => one(roll, language);
const sentences = (roll, language, count) => Array.from({ length: count }, () => sentence(roll, language)).join(' ');
const several = (count, make) => Array.from({ length: count }, (_, at) => make(at));

const UNSPACED = ['请先确认订单号码，然后再联系客服。', '営業時間は午前九時から午後六時までです。', 'กรุณาตรวจสอบหมายเลขคำสั่งซื้อก่อนติดต่อเรา', '👩🏽‍💻🎉🇻🇳👨‍👩‍👧‍👦✨', 'ĐànẵngHộiAnHuếđềucóbiểnđẹp'];

/** One part of an answer of each sort. */
const PARTS = [
  (roll, language) => `## ${one(roll, HEADINGS)}\n\n${sentences(roll, language, 3)}\n\n`,
  (roll, language) => `${sentences(roll, language, 2 + Math.floor(roll() * 4))}\n\n`,
  (roll, language) => `${several(3 + Math.floor(roll() * 4), () => `- ${sentence(roll, language)}\n`).join('')}\n`,
  (roll, language) => `${several(4, (at) => `${at + 1}. ${sentence(roll, language)}\n   - ${sentence(roll, language)}\n`).join('')}\n`,
  (roll) => {
    const language = one(roll, Object.keys(CODE));
    return `\`\`\`${language}\n${several(2, () => CODE[language].join('\n')).join('\n\n')}\n\`\`\`\n\n`;
  },
  (roll, language) => `| Mục | Item | Giá | Ghi chú |\n|---|:---|---:|---|\n${several(4 + Math.floor(roll() * 4), (at) => `| ${at + 1} | \`A-${Math.floor(roll() * 900)}\` | ${Math.floor(roll() * 9000)}.000 | ${sentence(roll, language)} |\n`).join('')}\n`,
  (roll, language) => `> ${sentence(roll, language)}\n> ${sentence(roll, language)}\n\n`,
  (roll, language) => `- [x] ${sentence(roll, language)}\n- [ ] ${sentence(roll, language)}\n\n`,
];

const KINDS = {
  mixed: { start: '', part: (roll) => one(roll, PARTS)(roll, roll() < 0.5 ? VI : EN) },
  list: { start: '', part: (roll) => `- ${sentence(roll, roll() < 0.5 ? VI : EN)}\n` },
  table: { start: '| Mục | Item | Ghi chú |\n|---|---:|---|\n', part: (roll) => `| ${Math.floor(roll() * 1000)} | **${Math.floor(roll() * 9000)}** | ${sentence(roll, VI)} |\n` },
  code: { start: '```rust\n', part: (roll) => `${CODE.rust.join('\n')}\n`.replace('words', `words_${Math.floor(roll() * 99)}`) },
  paragraph: { start: '', part: (roll) => `${sentence(roll, roll() < 0.5 ? VI : EN)} ` },
};

/** What few answers are, and what must cost no more for it. */
const RARE = {
  /** Chinese, Japanese, Thai and emoji: no space in all of it. */
  unspaced: { start: '', part: (roll) => one(roll, UNSPACED) },
  /** Lists in lists in quotes, as deep as they are drawn, and out again. */
  nested: { start: '', part: (roll) => `${several(14, (at) => `${'> '.repeat(at % 7)}${'  '.repeat(at % 7 === 0 ? at : 0)}- ${sentence(roll, roll() < 0.5 ? VI : EN)}\n`).join('')}${several(12, (at) => `${'  '.repeat(at)}- ${sentence(roll, VI)}\n`).join('')}\n` },
  /** Links of every sort: in brackets, by reference, bare. */
  links: {
    start: '[luật]: https://example.com/luat\n\n',
    part: (roll) => `- [bảng giá ${Math.floor(roll() * 999)}](https://example.com/gia?tuyen=${Math.floor(roll() * 999)}), [luật], https://example.com/${Math.floor(roll() * 9999)}\n`,
  },
  /** Many short blocks of code. */
  blocks: { start: '', part: (roll) => PARTS[4](roll) },
  /** Marks that open and never close, in one paragraph. */
  marks: { start: '', part: (roll) => one(roll, ['**đậm ', '*nghiêng ', '_gạch ', '~~bỏ ', '[chưa xong ', '![hình ', '`mã ', '<b ', '&am ', '***cả hai ', '](']) },
};

/** An answer of so many characters: `mixed`, or all one `list`, `table`, `code` block or `paragraph`, or a rare one. */
export function transcript(kind, characters, seed = 1) {
  const { start, part } = KINDS[kind] ?? RARE[kind];
  const roll = dice(seed);
  let text = start;
  while (text.length < characters) text += part(roll);
  return text.slice(0, characters).replace(/[\ud800-\udbff]$/u, '');
}

/** The text in so many pieces of different lengths, as a model's tokens are. */
export function cut(text, count, seed = 1) {
  const roll = dice(seed);
  const weights = several(count, () => 0.3 + roll());
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  let from = 0;
  return weights.map((weight) => {
    sum += weight;
    const end = Math.round((sum / whole) * text.length);
    // Not between the two halves of one character.
    const to = text.codePointAt(end - 1) > 0xffff ? end + 1 : end;
    const piece = text.slice(from, to);
    from = to;
    return piece;
  });
}
