// node check.cjs MODULES DIR: for each folder of DIR with a model.onnx, runs onnxruntime on its
// test_data_set_* and prints "name largest-difference", or "name error: ...". The difference is
// relative to the largest value of the answer, or to 1.
const fs = require('fs'), path = require('path');
const ort = require(path.join(process.argv[2], 'onnxruntime-node'));
ort.env.logLevel = 'error';

// A TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9.
function tensorOf(file) {
  const b = fs.readFileSync(file);
  let at = 0, type = 1, name = '', raw = Buffer.alloc(0);
  const dims = [];
  const varint = () => {
    let n = 0n, shift = 0n;
    for (;;) {
      const byte = b[at++];
      n |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(n);
      shift += 7n;
    }
  };
  while (at < b.length) {
    const key = varint(), field = key >> 3, wire = key & 7;
    if (wire === 0) {
      const v = varint();
      if (field === 1) dims.push(v);
      if (field === 2) type = v;
      continue;
    }
    const n = varint(), bytes = b.subarray(at, at + n);
    at += n;
    if (field === 1) {  // packed
      let p = 0;
      while (p < bytes.length) {
        let v = 0, m = 1;
        for (;;) {
          const byte = bytes[p++];
          v += (byte & 127) * m;
          if (byte < 128) break;
          m *= 128;
        }
        dims.push(v);
      }
    }
    if (field === 8) name = bytes.toString();
    if (field === 9) raw = bytes;
  }
  const buffer = new Uint8Array(raw).buffer;
  const data = type === 1 ? new Float32Array(buffer) : new BigInt64Array(buffer);
  return {name, value: new ort.Tensor(type === 1 ? 'float32' : 'int64', data, dims)};
}

const tensors = (dir, kind) =>
  fs.readdirSync(dir).filter(f => f.startsWith(kind)).map(f => tensorOf(path.join(dir, f)));

async function check(dir) {
  const options = {logSeverityLevel: 3, intraOpNumThreads: 1, interOpNumThreads: 1};
  const session = await ort.InferenceSession.create(path.join(dir, 'model.onnx'), options);
  let worst = 0;
  for (const set of fs.readdirSync(dir).filter(f => f.startsWith('test_data_set_'))) {
    const feeds = {};
    for (const t of tensors(path.join(dir, set), 'input_'))
      if (session.inputNames.includes(t.name)) feeds[t.name] = t.value;
    const got = await session.run(feeds);
    for (const want of tensors(path.join(dir, set), 'output_')) {
      const y = got[want.name], x = want.value;
      if (y.dims.join() !== x.dims.join()) throw new Error(`${set}: [${y.dims}], not [${x.dims}]`);
      let size = 1;
      for (const v of x.data) size = Math.max(size, Math.abs(v));
      for (let i = 0; i < x.data.length; ++i) {
        const d = Math.abs(y.data[i] - x.data[i]) / size;
        if (Number.isNaN(y.data[i]) !== Number.isNaN(x.data[i])) worst = Infinity;
        if (d > worst) worst = d;
      }
    }
  }
  await session.release();
  return worst;
}

(async () => {
  for (const name of fs.readdirSync(process.argv[3]).sort()) {
    const dir = path.join(process.argv[3], name);
    if (!fs.existsSync(path.join(dir, 'model.onnx'))) continue;
    try {
      console.log(name, await check(dir));
    } catch (e) {
      console.log(name, 'error:', String(e.message).replace(/\s+/g, ' ').slice(0, 300));
    }
  }
})();
