import CHandheld
import Foundation
import Testing

@testable import Handheld

/// The way of every kind of value into C and back, without a core in between.
struct ValueTests {
    func roundTrip(_ value: Value) throws -> Value {
        try value.withCValue { try Value(copying: $0.pointee) }
    }

    @Test(arguments: ["", "a", "नमस्ते 👩‍👩‍👧", String(repeating: "long ", count: 100_000)])
    func texts(text: String) throws {
        #expect(try roundTrip(.text(text, port: "user")) == .text(text, port: "user"))
        #expect(try roundTrip(.json(text)) == .json(text))
    }

    @Test func audioTensorImage() throws {
        let audio = Value(.audio(Audio(samples: [0, -1, 0.5, 1], rate: 16_000, channels: 2)), port: "sound")
        #expect(try roundTrip(audio) == audio)
        let tensor = Value(.tensor(try Tensor(bytes: Array(0..<24), dtype: .f32, shape: [2, 3])))
        #expect(try roundTrip(tensor) == tensor)
        let rgba = try Image(
            planes: [.init(bytes: Array(0..<32), rowStride: 16, pixelStride: 4)], pixels: .rgba8, width: 4, height: 2,
            rotation: 90)
        #expect(try roundTrip(Value(.image(rgba))) == Value(.image(rgba)))
        let yuv = try Image(
            planes: [
                .init(bytes: Array(0..<12), rowStride: 4, pixelStride: 1),
                .init(bytes: [1, 2, 3, 4], rowStride: 2, pixelStride: 1),
                .init(bytes: [5, 6, 7, 8], rowStride: 2, pixelStride: 1),
            ], pixels: .yuv420, width: 4, height: 3)
        #expect(try roundTrip(Value(.image(yuv))) == Value(.image(yuv)))
    }

    @Test func contradictionsAreRefused() {
        #expect(throws: HandheldError.self) { try Tensor(bytes: [1, 2, 3], dtype: .f32, shape: [1]) }
        #expect(throws: HandheldError.self) { try Tensor(bytes: [], dtype: .u8, shape: Array(repeating: 0, count: 9)) }
        #expect(throws: HandheldError.self) {
            let plane = Image.Plane(bytes: [0, 0, 0], rowStride: 4, pixelStride: 4)
            _ = try Image(planes: [plane], pixels: .rgba8, width: 1, height: 1)
        }
        #expect(throws: HandheldError.self) { try Image(planes: [], pixels: .yuv420, width: 1, height: 1) }
    }

    @Test func unknownCodesBecomeInternal() {
        #expect(Status(hh_status(4242)) == .internal)
        #expect(Status.allCases.allSatisfy { !$0.sentence.isEmpty })
    }
}
