// What the tests use of twitter-text 3.1.0, which brings no types.
declare module 'twitter-text' {
  const twitter: { parseTweet(text: string): { weightedLength: number } }
  export default twitter
}
