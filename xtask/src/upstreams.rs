//! The demo's upstreams: all that the emulator emulates, as an owner would configure them.

use serde_json::Value;
use std::fmt::Write;

/// What the proxy is told of upstreams beside the first.
#[derive(Debug, Default)]
pub(crate) struct Upstreams {
    /// Sections of its settings.
    pub(crate) settings: String,
    /// Variables with the secrets that the sections name.
    pub(crate) secrets: Vec<(String, String)>,
}

/// A twin of the demo.
struct Twin<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    /// The emulator's picture of this name.
    picture: &'a str,
    starters: &'a [&'a str],
    /// The lines that its kind needs.
    more: String,
}

impl Upstreams {
    /// As the emulator tells of itself when it has started.
    pub(crate) fn of(told: &Value) -> Self {
        let mut all = Self::default();
        all.models(told);
        all.bots(told);
        all.people(told);
        all
    }

    /// Threads of the Teams bridge: some to be lent, and one that all visitors share.
    fn people(&mut self, told: &Value) {
        let origin = told["teams"].as_str().unwrap_or_default();
        let _ = write!(self.settings, "\n[[upstream]]\nname = \"people\"\nkind = \"teams\"\norigin = {origin:?}\nauth = \"none\"\n");
        let spellings: Vec<(&str, &str)> = told["teams_spellings"].as_array().into_iter().flatten().filter_map(pair).collect();
        let (shared, lent) = spellings.split_at(spellings.len().min(1));
        self.twin(
            told,
            &Twin {
                id: "support",
                name: "Bàn hỗ trợ (người thật)",
                description: "Người thật trả lời trong Microsoft Teams, khi có người rảnh. People answer here, when they can.",
                picture: "lan-chi",
                starters: &["Có ai đang trực không?", "Tôi muốn gặp nhân viên", "Is anybody there?"],
                more: rooms(lent),
            },
        );
        self.twin(
            told,
            &Twin {
                id: "lobby",
                name: "The lobby (shared)",
                description: "One thread for all visitors: everybody reads everybody. Mọi khách cùng đọc một luồng.",
                picture: "product-guide",
                starters: &["Hello everybody", "Chào mọi người"],
                more: format!("{}shared = true\nguest_name = \"Khách\"\n", rooms(shared)),
            },
        );
    }

    /// A server of models that is none of ours.
    pub(crate) fn stranger(&mut self, told: &Value, origin: &str) {
        let pictures = told["emulator"].as_str().unwrap_or_default();
        let _ = write!(
            self.settings,
            "\n[[upstream]]\nname = \"stranger\"\nkind = \"openai\"\norigin = {origin:?}\npicture_origins = [{pictures:?}]\n"
        );
        self.twin(
            told,
            &Twin {
                id: "stranger",
                name: "A stranger's model",
                description: "Answers from a server that somebody else wrote.",
                picture: "rust",
                starters: &[],
                more: "model = \"gpt-4o\"\n".to_owned(),
            },
        );
    }

    fn models(&mut self, told: &Value) {
        self.upstream(told, ("models", "openai", "openai"), "openai_key");
        let model = |model: &str, prompt: &str| format!("model = {model:?}\nsystem_prompt = {prompt:?}\n");
        self.twin(
            told,
            &Twin {
                id: "an",
                name: "An Nhiên (mô hình ngôn ngữ)",
                description: "Mô hình ngôn ngữ mở đóng vai người dẫn đường: Huế, Đà Lạt và những chuyến đi cuối tuần.",
                picture: "da-lat",
                starters: &["Hai ngày ở Huế nên đi những đâu?", "Tháng 12 Đà Lạt lạnh không?", "Plan a weekend in Da Lat"],
                more: model("da-lat", "Bạn là An Nhiên, người dẫn đường ở Huế và Đà Lạt. Trả lời ngắn, bằng ngôn ngữ của khách."),
            },
        );
        self.twin(
            told,
            &Twin {
                id: "ferris",
                name: "Ferris (language model)",
                description: "An open language model with a system prompt, who explains Rust. Hỏi bằng tiếng Việt cũng được.",
                picture: "rust",
                starters: &["Explain ownership with a small example", "Explain async Rust in detail", "Lifetime trong Rust là gì?"],
                more: model("rust", "You are Ferris, who explains Rust with small examples. Answer in the visitor's language."),
            },
        );
    }

    fn bots(&mut self, told: &Value) {
        self.upstream(told, ("bots", "kamimind", "kamimind"), "kamimind_token");
        let token = |at: usize| &told["kamimind_bots"][at]["token"];
        let secret = self.secret("TWINCHAT_BOT_MINH_ANH", token(0));
        self.twin(
            told,
            &Twin {
                id: "minh-anh",
                name: "Minh Anh đọc hợp đồng (nhận tệp)",
                description: "Gửi hợp đồng hay bảng lương: bot đọc tệp rồi trả lời theo luật lao động.",
                picture: "lao-dong",
                starters: &["Thử việc tối đa mấy tháng và lương thử việc tính sao?", "Tôi được bao nhiêu ngày phép năm?"],
                more: format!("bot_token_env = {secret:?}\n"),
            },
        );
        let secret = self.secret("TWINCHAT_BOT_EMMA", token(3));
        self.twin(
            told,
            &Twin {
                id: "emma",
                name: "Emma (takes files)",
                description: "Send a letter or a CV: the bot reads the file and helps with your English.",
                picture: "english-coach",
                starters: &["How do I prepare for a job interview in English?", "Help me make small talk at work"],
                more: format!("bot_token_env = {secret:?}\n"),
            },
        );
    }

    /// A section with its key; `of`: its name, its kind, and what the emulator calls its address.
    fn upstream(&mut self, told: &Value, of: (&str, &str, &str), key: &str) {
        let (name, ..) = of;
        let variable = self.secret(&format!("TWINCHAT_{}_KEY", name.to_uppercase()), &told[key]);
        self.section(told, of, &format!("key_env = {variable:?}\n"));
    }

    fn section(&mut self, told: &Value, (name, kind, address): (&str, &str, &str), more: &str) {
        let origin = told[address].as_str().unwrap_or_default();
        let _ = write!(self.settings, "\n[[upstream]]\nname = {name:?}\nkind = {kind:?}\norigin = {origin:?}\n{more}");
    }

    fn twin(&mut self, told: &Value, twin: &Twin<'_>) {
        let Twin { id, name, description, picture, starters, more } = twin;
        let avatar = format!("{}/avatars/{picture}.png", told["emulator"].as_str().unwrap_or_default());
        let _ = write!(
            self.settings,
            "[[upstream.twin]]\nid = {id:?}\nname = {name:?}\ndescription = {description:?}\navatar = {avatar:?}\nstarters = {starters:?}\n{more}"
        );
    }

    fn secret(&mut self, variable: &str, value: &Value) -> String {
        self.secrets.push((variable.to_owned(), value.as_str().unwrap_or_default().to_owned()));
        variable.to_owned()
    }
}

fn pair(value: &Value) -> Option<(&str, &str)> {
    Some((value[0].as_str()?, value[1].as_str()?))
}

/// These threads, each with the other spelling that the bridge gives it at times.
fn rooms(spellings: &[(&str, &str)]) -> String {
    let ids: Vec<&str> = spellings.iter().map(|(id, _)| *id).collect();
    let aliases: Vec<String> = spellings.iter().map(|(id, other)| format!("{other:?} = {id:?}")).collect();
    let names = ["TeamBot", "System Bot", "Teams Bot"];
    format!("rooms = {ids:?}\nself_names = {names:?}\nroom_aliases = {{ {} }}\n", aliases.join(", "))
}
