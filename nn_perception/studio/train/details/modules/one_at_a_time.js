/**
 * Wraps what must not run twice at a time: calls meanwhile lead to one more run afterwards.
 *
 * @param {() => Promise<void>} work
 * @param {() => boolean} isClosed whether nothing is wanted any more
 * @returns {() => Promise<void>}
 */
export function oneAtATime(work, isClosed) {
  let busy = false;
  let again = false;
  return async () => {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again && !isClosed()) {
        again = false;
        await work();
      }
    } finally {
      busy = false;
    }
  };
}
