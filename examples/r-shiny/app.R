library(shiny)

words <- c("Wind from the west.", "Low water at six.", "All boats are in.")

ui <- fluidPage(titlePanel("Words from the harbour"), actionButton("again", "Again"), textOutput("words"))

server <- function(input, output) {
  output$words <- renderText(words[input$again %% length(words) + 1])
}

shinyApp(ui, server)
