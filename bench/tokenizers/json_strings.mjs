// Random strings by cambium and by npm's tokenizers (Hugging Face's own, in Rust), both with one tokenizer.json.
//   npm install tokenizers && node json_strings.mjs PROGRAM TOKENIZER [GOLDEN]
// GOLDEN: where some of the strings are written with their ids.
import {createRequire} from 'node:module';
import {join} from 'node:path';

import {compare, encodedBy, strings} from './random_strings.mjs';

const require = createRequire(join(process.cwd(), 'x.js'));
const {Tokenizer} = require('tokenizers');
const [program, file, golden] = process.argv.slice(2);
const peer = Tokenizer.fromFile(file);
const encoded = await peer.encodeBatch(strings, {addSpecialTokens: false});
process.exit(compare(encoded.map(e => e.getIds().join(' ')), encodedBy(program, file), 'tokenizers', golden));
