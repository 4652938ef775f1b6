/** What each error means and what to do. Apart from the errors, so that small engines need not carry it. */
export const topicErrorMeanings = {
  "topics/bad-name":
    "A topic name is empty, too long, no Unicode, or holds `+`, `#` or a NUL. Publish to a plain name.",
  "topics/bad-filter":
    "A topic filter is empty, too long, no Unicode, holds a NUL, or has a `+` or `#` that does not fill its level.",
} as const;
