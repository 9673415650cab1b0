// The same work by npm's tokenizers (Hugging Face's own, in Rust), in seconds of the processor:
//   RAYON_NUM_THREADS=1 node peer.mjs encode TOKENIZER TEXT
//   RAYON_NUM_THREADS=1 node peer.mjs train TEXT        its trainer takes no options here: 30,000 tokens
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const require = createRequire(join(process.cwd(), 'x.js'));
const {BPE, Tokenizer, byteLevelPreTokenizer} = require('tokenizers');
const seconds = async work => {
  const before = process.cpuUsage();
  const answer = await work();
  const used = process.cpuUsage(before);
  return [answer, (used.user + used.system) / 1e6];
};

const [action, ...words] = process.argv.slice(2);
if (action === 'train') {
  const peer = new Tokenizer(BPE.empty());
  peer.setPreTokenizer(byteLevelPreTokenizer(false));
  const [, time] = await seconds(() => peer.train([words[0]]));
  console.log(`\ntokenizers train: ${peer.getVocabSize(true)} tokens, in all ${time.toFixed(2)} s`);
} else {
  const peer = Tokenizer.fromFile(words[0]);
  const text = readFileSync(words[1], 'utf8');
  // In pieces of 64 kB at the end of lines: of a text as a whole its offsets take gigabytes.
  const parts = [];
  for (let at = 0; at < text.length;) {
    let end = text.indexOf('\n', at + 65536);
    end = end < 0 ? text.length : end;
    parts.push(text.slice(at, end));
    at = end;
  }
  for (let i = 0; i < 3; ++i) {
    const [tokens, time] = await seconds(async () => {
      let n = 0;
      for (const part of parts) n += (await peer.encode(part, null, {addSpecialTokens: false})).getLength();
      return n;
    });
    const bytes = Buffer.byteLength(text);
    console.log(`tokenizers encode: ${tokens} tokens, ${(bytes / tokens).toFixed(3)} bytes per token, ` +
                `${time.toFixed(3)} s, ${(bytes / 1e6 / time).toFixed(1)} MB/s`);
  }
}
