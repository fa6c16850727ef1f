import HandheldModels
import SwiftUI

/// How measurements are written, in the person's own language.
enum Figures {
    static func milliseconds(_ value: Double) -> String {
        Duration.milliseconds(value).formatted(.units(allowed: [.seconds, .milliseconds], width: .abbreviated))
    }

    static func rate(_ value: Double) -> String {
        String(localized: "\(value.formatted(.number.precision(.fractionLength(1)))) tokens/s")
    }

    static func memory(_ bytes: Int) -> String {
        bytes.formatted(.byteCount(style: .memory))
    }
}

/// A hot device computes slower, so numbers mean little without it.
struct HeatText: View {
    let heat: Heat

    var body: some View {
        switch heat {
        case .normal: Text("Normal")
        case .warm: Text("Warm")
        case .hot: Text("Hot, slowed down")
        case .tooHot: Text("Too hot")
        case .unknown: Text("Unknown")
        }
    }
}

/// The same, as it is now.
struct CurrentHeatText: View {
    @State private var heat = Heat.now

    var body: some View {
        HeatText(heat: heat)
            .onReceive(NotificationCenter.default.publisher(for: ProcessInfo.thermalStateDidChangeNotification)) { _ in
                heat = .now
            }
    }
}
