/**
 * Sends a file as the body of a request, and tells how far it is.
 *
 * @param {string} address of the route
 * @param {File} file
 * @param {(share: number) => void} onProgress with percent
 * @returns {{answer: Promise<Object>, abort: () => void}} the answer is the JSON of the server; it
 *     fails with a sentence, the server's `detail` if there is one, if the file was not taken
 */
export function sendFile(address, file, onProgress) {
  const request = new XMLHttpRequest();
  const answer = new Promise((resolve, reject) => {
    request.open("POST", `${address}?name=${encodeURIComponent(file.name.slice(-200))}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      onProgress(total ? Math.floor((100 * loaded) / total) : 0);
    };
    request.onloadend = () => {
      const { response, status } = request;
      if (status === 200 && response && !response.detail) resolve(response);
      else {
        const words = `The server did not take ${file.name}; try again in a moment.`;
        reject(new Error(response?.detail || words));
      }
    };
    request.send(file);
  });
  return { answer, abort: () => request.abort() };
}
