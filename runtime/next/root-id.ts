/** The id of the element that holds the page: styles of Next.js sites name it. */
export const ROOT_ID = '__next'
