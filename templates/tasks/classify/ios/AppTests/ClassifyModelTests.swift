import Handheld
import HandheldModels
import Testing

@testable import {{ cookiecutter.app.module }}

@MainActor
@Suite(.serialized, .enabled(if: Fixture.folder(of: "classify") != nil, "the classify task has no model here"))
struct ClassifyModelTests {
    @Test func givesScoresForAPicture() async throws {
        let session = try await Fixture.session(of: "classify")
        let model = ClassifyModel(session: session)
        model.classify {
            let plane = Handheld.Image.Plane(
                bytes: [UInt8](repeating: 200, count: 64 * 48 * 4), rowStride: 64 * 4, pixelStride: 4)
            return try Handheld.Image(planes: [plane], pixels: .rgba8, width: 64, height: 48)
        }
        await model.request.finish()
        #expect(model.request.problem == nil)
        #expect(!model.scores.isEmpty)
        #expect(model.scores.allSatisfy { $0.score >= 0 && $0.score <= 1 })
        #expect(!model.request.isRunning)
        await session.close()
    }

    @Test func showsWhyAPhotoCannotBeRead() async throws {
        let session = try await Fixture.session(of: "classify")
        let model = ClassifyModel(session: session)
        model.classify { throw HandheldError(.fileInvalid) }
        await model.request.finish()
        #expect(model.request.problem?.status == .fileInvalid)
        await session.close()
    }
}
