// Random strings by cambium and by npm's gpt-tokenizer, both with GPT-2's ranks: every id is compared.
//   npm install gpt-tokenizer && node gpt2_strings.mjs PROGRAM RANKS [GOLDEN]
// PROGRAM is cambium, RANKS r50k_base.tiktoken. GOLDEN: where some of the strings are written with their ids.
import {createRequire} from 'node:module';
import {join} from 'node:path';

import {compare, encodedBy, strings} from './random_strings.mjs';

const require = createRequire(join(process.cwd(), 'x.js'));
const {encode} = require('gpt-tokenizer/encoding/r50k_base');
const [program, ranks, golden] = process.argv.slice(2);
const expected = strings.map(text => encode(text, {disallowedSpecial: new Set()}).join(' '));
process.exit(compare(expected, encodedBy(program, ranks), 'gpt-tokenizer', golden));
