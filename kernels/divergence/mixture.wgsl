// log(share x + (1 - share) y) from log x and log y, for 0 <= share < 1: relative to the larger, so that nothing
// overflows, and exactly log y where share is 0 or x = y, because share + (1 - share) rounds to 1.
fn logMixture(share: f32, logX: Block, logY: Block) -> Block {
  if (share == 0.0) { return logY; }
  let smaller = exp(-abs(logX - logY));
  let xIsLarger = share + (1.0 - share) * smaller;
  let yIsLarger = share * smaller + (1.0 - share);
  return max(logX, logY) + log(select(yIsLarger, xIsLarger, logX > logY));
}
