import XCTest

final class ChatUITests: XCTestCase {
    @MainActor
    func testAsksAndGetsAnAnswer() {
        let app = XCUIApplication()
        app.launch()
        let field = app.textFields["message"].exists ? app.textFields["message"] : app.textViews["message"]
        XCTAssertTrue(field.waitForExistence(timeout: 120), "The model did not load.")
        field.tap()
        field.typeText("What is the capital of France?")
        app.buttons["send"].tap()
        XCTAssertTrue(app.descendants(matching: .any)["answer"].waitForExistence(timeout: 120))
        app.buttons["model"].tap()
        XCTAssertTrue(app.navigationBars.firstMatch.waitForExistence(timeout: 10))
    }
}
