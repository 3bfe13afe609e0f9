//! Random texts that are not similar to each other.

/// A generator of random numbers (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % end as u64) as usize
    }

    pub fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

const ENGLISH: &str = "the of and a to in he was that it his her with as had for she not at but be on they have him which said from this all \
    were by who one so there would been their when them more will into could time very about people house water morning river mountain \
    weather garden letter friend mother father school teacher winter summer evening window street city village country horse bread \
    music paper story question answer thought before after under again never always often found began walked looked asked told \
    knew wanted little great small young good long other same another every something nothing because though through between";

const GERMAN: &str = "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach \
    wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei \
    ihr ihre schon wenn habe seine mich dir ich wir ihm mein jetzt hier alle Jahre Haus Wasser Morgen Fluss Wetter Garten Brief Freund \
    Mutter Vater Schule Winter Sommer Abend Fenster Straße Stadt Dorf Land Pferd Brot Frage Antwort Gedanke immer wieder";

/// A sentence of random words.
pub fn english(random: &mut Random, words: usize) -> String {
    sentence(random, ENGLISH, words)
}

pub fn german(random: &mut Random, words: usize) -> String {
    sentence(random, GERMAN, words)
}

fn sentence(random: &mut Random, vocabulary: &str, words: usize) -> String {
    let vocabulary: Vec<&str> = vocabulary.split_whitespace().collect();
    (0..words).map(|_| random.one_of(&vocabulary)).collect::<Vec<_>>().join(" ")
}
