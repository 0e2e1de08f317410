const MAX_BYTES = 20e6;

/**
 * Opens a picture of the user.
 *
 * @param {Blob} file
 * @param {(bitmap: ImageBitmap) => T | Promise<T>} use what becomes of it; it is closed afterwards
 * @returns {Promise<T>}
 * @throws {Error} with a sentence
 * @template T
 */
export async function openPicture(file, use) {
  if (file.size > MAX_BYTES) throw new Error("The picture is larger than 20 MB.");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error("The file is no picture that this browser can show.");
  }
  try {
    return await use(bitmap);
  } finally {
    bitmap.close();
  }
}
