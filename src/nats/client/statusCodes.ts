/** Inline status codes of headers. */

/** From a stream: it holds no such message. From a sender: it has not sent this number yet. */
export const NOT_FOUND = 404

/** From the server: nobody subscribes to the subject of a request. */
export const NO_RESPONDERS = 503
