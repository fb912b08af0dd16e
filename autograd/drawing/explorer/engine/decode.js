// The page's data: base64 of a deflated blob, which holds a header and arrays.
// Integers travel as differences, and all arrays as planes of bytes, which deflate better.

const ARRAYS = { u1: Uint8Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

/** The bytes of a `<script>` element that holds base64 of a deflate stream. */
export async function inflated(id) {
  const text = document.getElementById(id).textContent.trim();
  const packed = Uint8Array.fromBase64?.(text) ?? bytesOf(atob(text));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The bytes that a string of `atob` stands for. */
export function bytesOf(text) {
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = text.charCodeAt(k);
  return bytes;
}

/** {header, arrays} of a graph, as `page.py` packed them. */
export function unpacked(bytes) {
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const arrays = {};
  let at = 4 + length;
  for (const [name, type, count] of header.arrays) {
    const size = count * ARRAYS[type].BYTES_PER_ELEMENT;
    arrays[name] = array(type, count, bytes.subarray(at, at + size));
    at += size;
  }
  return { header, arrays };
}

function array(type, count, planes) {
  const result = new ARRAYS[type](count);
  const bytes = new Uint8Array(result.buffer);
  const width = result.BYTES_PER_ELEMENT;
  for (let plane = 0; plane < width; plane++) {
    const from = plane * count;
    for (let k = 0, to = plane; k < count; k++, to += width) bytes[to] = planes[from + k];
  }
  if (type === "i4") for (let k = 1; k < count; k++) result[k] += result[k - 1];
  return result;
}
