// The Swift binding, for `nox -s bench`: bench_swift <task.json> <max_tokens> <prompt file>
// Answers every line on standard input with one line of JSON: CPU seconds and tokens of one run. As bench_core.cpp.

import Foundation
import Handheld

/// CPU seconds of this process, all threads together.
func cpuSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}

let arguments = CommandLine.arguments
let task = try HandheldTask(manifest: URL(filePath: arguments[1]), options: ["threads": 1])
let prompt = try String(contentsOfFile: arguments[3], encoding: .utf8)
try await task.load()
try await task.configure(["temperature": 0, "repeat_penalty": 1, "max_tokens": .integer(Int(arguments[2]) ?? 1)])
while readLine() != nil {
    try await task.reset()
    let start = cpuSeconds()
    var first: Double?
    for try await _ in task.request(.text(prompt, port: "user")) where first == nil { first = cpuSeconds() }
    let done = cpuSeconds(), begun = first ?? done
    // The first token belongs to the prompt.
    let tokens = (try await task.report().generatedTokens ?? 0) - 1
    print(#"{"prompt_s": \#(begun - start), "generate_s": \#(done - begun), "tokens": \#(tokens)}"#)
    fflush(nil)
}
