/**
 * Uploads pictures or sounds: packed into one zip file, so that the server has one way in.
 *
 * The zip file refers to the files, which the browser reads while it sends them; they are never
 * in memory together.
 */

const LARGEST_UPLOAD = 2 * 1024 ** 3;
const LARGEST_FILE = 64_000_000;
const MOST_FILES = 60_000;
const ARCHIVES = /\.(zip|tm)$/i;

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

/**
 * @param {Uint8Array} bytes
 * @returns {number} the checksum that a zip file needs
 */
export function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * @param {{size: number, crc: number, name: Uint8Array, offset: number}} entry
 * @param {boolean} central whether it is for the list at the end
 * @returns {Uint8Array}
 */
function header(entry, central) {
  const view = new DataView(new ArrayBuffer(central ? 46 : 30));
  view.setUint32(0, central ? 0x02014b50 : 0x04034b50, true);
  const at = central ? 6 : 4;
  if (central) view.setUint16(4, 20, true);
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, 0x0800, true); // names are UTF-8
  view.setUint16(at + 8, 0x21, true); // 1980-01-01
  view.setUint32(at + 10, entry.crc, true);
  view.setUint32(at + 14, entry.size, true);
  view.setUint32(at + 18, entry.size, true);
  view.setUint16(at + 22, entry.name.length, true);
  if (central) view.setUint32(42, entry.offset, true);
  return new Uint8Array(view.buffer);
}

/**
 * @param {{file: File, path: string}[]} files
 * @param {(share: number) => void} onProgress
 * @returns {Promise<Blob>}
 */
export async function zip(files, onProgress) {
  const parts = [];
  const entries = [];
  let offset = 0;
  for (const [done, { file, path }] of files.entries()) {
    onProgress(done / files.length);
    const crc = crc32(new Uint8Array(await file.arrayBuffer()));
    const entry = { size: file.size, crc, name: new TextEncoder().encode(path), offset };
    parts.push(header(entry, false), entry.name, file);
    entries.push(entry);
    offset += 30 + entry.name.length + file.size;
  }
  const start = offset;
  for (const entry of entries) {
    parts.push(header(entry, true), entry.name);
    offset += 46 + entry.name.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, offset - start, true);
  end.setUint32(16, start, true);
  parts.push(end.buffer);
  return new Blob(parts);
}

/**
 * @param {File} file
 * @returns {string} folder and name; the folder is the label
 */
function pathOf(file) {
  const parts = (file.nnPath || file.webkitRelativePath || file.name).split("/");
  return parts.slice(-2).join("/");
}

/**
 * @typedef {object} Target
 * @property {string} route beginning of the addresses of the view
 * @property {string} label of all files; empty: their folders are their labels
 */

/**
 * @param {Blob} body
 * @param {Target} target
 * @param {string} name of the file, for sentences
 * @param {(share: number) => void} onProgress
 * @returns {Promise<{ok: boolean, text: string}>}
 */
function send(body, { route, label }, name, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${route}/upload?${new URLSearchParams({ label, name })}`);
    request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(1, event.total));
    request.onerror = () => resolve({ ok: false, text: "The server cannot be reached." });
    request.onload = () => {
      let text = `The server answers ${request.status}.`;
      let ok = false;
      try {
        const answer = JSON.parse(request.responseText);
        ok = Boolean(answer.message);
        text = String(answer.message || answer.detail);
      } catch {
        if (request.responseText.length < 500) text = request.responseText || text;
      }
      resolve({ ok, text });
    };
    request.send(body);
  });
}

/**
 * Uploads pictures or sounds, zip files and projects of Teachable Machine.
 *
 * @param {File[]} chosen
 * @param {Target} target
 * @param {(words: string, share: number) => void} onProgress
 * @returns {Promise<{ok: boolean, text: string}>} the result in words
 */
export async function upload(chosen, target, onProgress) {
  const archives = chosen.filter((file) => ARCHIVES.test(file.name));
  const large = chosen.filter((file) => !ARCHIVES.test(file.name) && file.size > LARGEST_FILE);
  const files = chosen.filter((file) => !archives.includes(file) && !large.includes(file));
  const results = [];
  for (const file of archives) {
    if (file.size > LARGEST_UPLOAD) {
      results.push({ ok: false, text: `${file.name} is larger than 2 GB.` });
      continue;
    }
    // A sample file of Teachable Machine has its class in its name, and no folders.
    const named = /^(.+)-samples( \(\d+\))?\.zip$/i.exec(file.name);
    const label = target.label || (named ? named[1] : "");
    const own = { ...target, label };
    results.push(await send(file, own, file.name, (s) => onProgress(`Sending ${file.name}`, s)));
  }
  if (large.length) {
    results.push({ ok: false, text: `${large[0].name} is too large; a file may have 64 MB.` });
  }
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length > MOST_FILES || total > LARGEST_UPLOAD) {
    results.push({ ok: false, text: "These are too many files at once; choose fewer." });
  } else if (files.length) {
    const named = files.map((file) => ({ file, path: pathOf(file) }));
    const name = files.length === 1 ? files[0].name : "the selection";
    try {
      const packed = await zip(named, (share) => onProgress("Reading", share));
      results.push(await send(packed, target, name, (share) => onProgress("Sending", share)));
    } catch (error) {
      results.push({ ok: false, text: `A file cannot be read: ${error.message}` });
    }
  }
  const text = results.map((result) => result.text).join(" ");
  return { ok: results.every((result) => result.ok), text: text || "No file was chosen." };
}

/**
 * @param {DataTransfer} transfer what was dropped
 * @returns {Promise<File[]>} its files, those of folders with their paths
 */
export async function droppedFiles(transfer) {
  const roots = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const found = [];
  const visit = async (entry) => {
    if (found.length > MOST_FILES) return;
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      file.nnPath = entry.fullPath.replace(/^\//, "");
      found.push(file);
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) break;
      for (const child of some) await visit(child);
    }
  };
  for (const root of roots) await visit(root);
  return found;
}
