#' Height of the tide
#'
#' @param hours since high water
#' @return metres above low water, between 0 and 4
height <- function(hours) approx(c(0, 3, 6, 9, 12), c(4, 2, 0, 2, 4), xout = hours %% 12)$y
