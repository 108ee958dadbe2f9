import { createRunStep, type RunStep, writeFileLines } from "../scripts/run-step.ts";
import { rLayout, rscript } from "./r-layout.ts";

/**
 * R program that takes out of installed packages what changes from build to build: the time of the build, and in help
 * pages the name of the temporary folder in which they were parsed, with the place of every word in their sources.
 *
 * Usage: `Rscript settle.R LIBRARY`; packages that are settled already are left as they are.
 * Source: R's `tools:::.install_packages` (fields `Built`, `Packaged`), `tools:::.install_package_Rd_objects`
 */
export const settleLibraryProgram: string = String.raw`
clock <- "1980-01-01 00:00:00 UTC"

# What comes from a repository was packaged by its author, long ago; what was built here, just now.
settled_fields <- function(text) {
  built <- grepl("^Built:", text)
  text[built] <- sub(";[^;]*UTC;", paste0("; ", clock, ";"), text[built])
  if (!any(grepl("^Repository:", text))) text <- sub("^Packaged:.*", paste0("Packaged: ", clock, "; build"), text)
  text
}

value_of <- function(field, text) sub("^[^:]*: *", "", grep(paste0("^", field, ":"), text, value = TRUE)[[1]])

settle_description <- function(folder) {
  description <- file.path(folder, "DESCRIPTION")
  package <- file.path(folder, "Meta", "package.rds")
  if (!file.exists(description) || !file.exists(package)) return(FALSE)
  text <- readLines(description)
  settled <- settled_fields(text)
  if (identical(text, settled)) return(FALSE)
  writeLines(settled, description)
  info <- readRDS(package)
  for (field in intersect(c("Built", "Packaged"), names(info$DESCRIPTION))) {
    info$DESCRIPTION[[field]] <- value_of(field, settled)
  }
  info$Built$Date <- clock
  saveRDS(info, package)
  TRUE
}

stable_path <- function(path) sub("^.*/R[.]INSTALL[^/]*/", "", path)

without_places <- function(page) {
  attr(page, "srcref") <- NULL
  if (is.list(page)) page[] <- lapply(page, without_places)
  page
}

settle_help <- function(folder) {
  base <- file.path(folder, "help", basename(folder))
  paths <- file.path(folder, "help", "paths.rds")
  if (!file.exists(paths)) return()
  known <- readRDS(paths)
  known[] <- stable_path(known)
  # Where the name of a page begins. Without any page, R leaves the length of a temporary folder's name there.
  attr(known, "first") <- if (length(known) == 0) 2L else nchar(dirname(known[[1]])) + 2L
  saveRDS(known, paths)
  if (length(known) == 0 || !file.exists(paste0(base, ".rdx"))) return()
  pages <- tools:::fetchRdDB(base)
  pages <- lapply(pages, function(page) {
    attr(page, "Rdfile") <- stable_path(attr(page, "Rdfile"))
    without_places(page)
  })
  tools:::makeLazyLoadDB(list2env(pages), base, variables = sort(names(pages)))
}

# Sums of files that were just changed would be wrong.
settle_sums <- function(folder) {
  sums <- file.path(folder, "MD5")
  if (!file.exists(sums)) return()
  writeLines(grep(" [*]?(DESCRIPTION|Meta/package.rds|help/.*)$", readLines(sums), invert = TRUE, value = TRUE), sums)
}

library <- commandArgs(trailingOnly = TRUE)[[1]]
for (folder in list.dirs(library, recursive = FALSE)) {
  if (settle_description(folder)) {
    settle_help(folder)
    settle_sums(folder)
  }
}
`.trimStart();

/** The step that ends every group in which R packages were installed. */
export function settleLibraryStep(): RunStep {
  const script = [
    writeFileLines("/tmp/settle.R", settleLibraryProgram).trimEnd(),
    `${rscript} /tmp/settle.R ${rLayout.library}`,
    "",
  ].join("\n");
  return createRunStep("Settle R's packages", script);
}
