// 100,000 random strings of many scripts, spaces, contractions and signs; the same at every call.
//
// Left out are U+0085 and U+FEFF, of which JavaScript's \s has the second and Unicode's White_Space (and with it
// OpenAI's own tokenizers) the first, and letters and numbers that came after Unicode 15.0, which ICU 72 of Debian 12
// knows.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

let state = 20250607;
const random = () => {  // mulberry32
  state = (state + 0x6D2B79F5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = n => Math.floor(random() * n);
const of = list => list[below(list.length)];

const words = `the of and to in a is that it was for on are with as his they at be this have from or one had by word but
not what all were we when your can said there use an each which she do how their if will up other about out many then
them these so some her would make like him into time has look two more write go see number no way could people my than
first water been call who oil its now find long down day did get come made may part antidisestablishmentarianism JSON
std::vector function() camelCase snake_case HTTPServer2 naïve café Straße Größe año Москва привет мир Ελλάδα שלום مرحبا
日本語 東京 中文字符 한국어 ไทย हिन्दी 😀 👩‍👩‍👧‍👦 é ñ ﬁ ½ ² Ⅷ ٣٤ ①`.split(/\s+/);
const spaces = [' ', ' ', ' ', '  ', '   ', '\n', '\n\n', '\t', '\r\n', ' \n ', '\u00a0', '\u2003', '\u3000', '\u2028', '\v', '\f'];
const tails = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "'x", "'", "''", '’s'];
const signs = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~«»—…€£°×÷±→★'.split('');
const ranges = [[0x21, 0x7e], [0xa0, 0x24f], [0x250, 0x36f], [0x370, 0x52f], [0x590, 0x6ff], [0x900, 0xdff],
  [0xe00, 0xfff], [0x1e00, 0x1fff], [0x2000, 0x2bff], [0x3000, 0x30ff], [0x4e00, 0x9fff], [0xac00, 0xd7a3],
  [0xf900, 0xfdff], [0x10000, 0x1ffff], [0, 0x20], [0, 0xffff], [0, 0x10ffff]];
const newer = `88f-88f c5c-c5c cdc-cdc 1c89-1c8a a7cb-a7cf a7d2-a7d2 a7d4-a7d4 a7da-a7dc a7f1-a7f1 105c0-105f3 10940-10959
10d40-10d65 10d6f-10d85 10ec2-10ec7 11380-113d3 116d0-116e3 11bc0-11bf9 11db0-11de9 13460-143fa 16100-16139 16d40-16d79
16ea0-16ed3 16ff2-16ff6 187f8-187ff 18cff-18cff 18d09-18df2 1ccf0-1ccf9 1e5d0-1e5fa 1e6c0-1e6ff 2b73a-2b73f 2cea2-2cead
2ebf0-2ee5d 323b0-33479`.split(/\s+/).map(range => range.split('-').map(hex => parseInt(hex, 16)));
const character = () => {
  const [first, last] = of(ranges);
  for (;;) {
    const c = first + below(last - first + 1);
    if (c === 0x85 || c === 0xfeff || (c >= 0xd800 && c < 0xe000)) continue;
    if (newer.some(range => c >= range[0] && c <= range[1])) continue;
    return String.fromCodePoint(c);
  }
};
const piece = () => {
  const kind = random();
  if (kind < 0.35) return of(words);
  if (kind < 0.6) return of(spaces);
  if (kind < 0.68) return of(tails);
  if (kind < 0.76) return of(signs).repeat(1 + below(below(6) + 1));
  if (kind < 0.84) return String(below(10 ** (1 + below(9))));
  return Array.from({length: 1 + below(5)}, character).join('');
};
export const strings = Array.from({length: 100000}, () => Array.from({length: 1 + below(16)}, piece).join(''));
strings[1] = 'x'.repeat(3000) + ' '.repeat(999) + '=-'.repeat(500);  // pre-tokens that are long

// What `PROGRAM tokenizer encode TOKENIZER` says of each string.
export function encodedBy(program, tokenizer) {
  const folder = mkdtempSync(join(tmpdir(), 'random_strings_'));
  const file = join(folder, 'strings.jsonl');
  writeFileSync(file, strings.map(text => JSON.stringify({text}) + '\n').join(''));
  const answer = execFileSync(program, ['tokenizer', 'encode', tokenizer, '--file', file], {maxBuffer: 1 << 30});
  rmSync(folder, {recursive: true});
  return answer.toString().split('\n');
}

// Compares, prints, writes 300 of those that agree to `golden` where it is named; the exit code.
export function compare(expected, answer, peer, golden) {
  let wrong = 0, ids = 0;
  expected.forEach((e, i) => {
    ids += e === '' ? 0 : e.split(' ').length;
    if (e === answer[i]) return;
    if (++wrong <= 10) console.log(JSON.stringify(strings[i]), '\n  expected', e, '\n  found   ', answer[i]);
  });
  console.log(`${strings.length} strings, ${ids} ids by ${peer}: ${wrong} strings differ`);
  if (golden) {
    const chosen = strings.map((text, i) => ({text, ids: expected[i]}))
      .filter((x, i) => x.text.length < 120 && expected[i] === answer[i]).slice(2, 302);
    writeFileSync(golden, chosen.map(x => JSON.stringify(x.text) + '\t' + x.ids + '\n').join(''));
  }
  return wrong > 0 ? 1 : 0;
}
