import CHandheld
import Foundation

/// Names one request: all values from the first `send` to its `end`. Counts from 1.
public typealias Run = UInt64

/// How a run goes on.
enum Step {
    case value(Value)
    /// Nothing to do before the next value is sent.
    case again
    case end, cancelled
}

/// Owns the pointer to the core's task and frees it.
///
/// Calls that work (`perform`) come from the actor only, one at a time, and so does `close`. Calls that never wait
/// (`send`, `cancel`, `progress`) may come from any thread; the lock keeps the pointer alive under them.
final class TaskHandle: @unchecked Sendable {
    private let lock = NSLock()
    private var pointer: OpaquePointer?
    private var current: Run?

    init(manifestPath: String?, manifestJSON: String?, files: [TaskFile], optionsJSON: String?) throws(HandheldError) {
        var error = hh_error()
        let status = withOptionalCString(manifestPath) { path in
            withOptionalCString(manifestJSON) { json in
                withOptionalCString(optionsJSON) { options in
                    withCFiles(files) { files in
                        var request = hh_task_options()
                        request.struct_size = MemoryLayout<hh_task_options>.size
                        request.manifest_path = path
                        request.manifest_json = json
                        request.files = files.baseAddress
                        request.file_count = files.count
                        request.options_json = options
                        return hh_task_open(&request, &pointer, &error)
                    }
                }
            }
        }
        guard status == HH_OK, pointer != nil else { throw HandheldError(Status(status), error) }
    }

    deinit {
        hh_task_close(pointer)
    }

    /// Only from the actor. Later calls throw `HandheldError.closed`.
    func close() {
        let last = lock.withLock {
            defer { pointer = nil }
            return pointer
        }
        hh_task_close(last)
    }

    // MARK: Calls that work, from the actor only

    /// - Returns: `ok`, `again`, `end` or `cancelled`; all else is thrown.
    @discardableResult
    func perform(_ body: (OpaquePointer, inout hh_error) -> hh_status) throws(HandheldError) -> Status {
        guard let pointer else { throw .closed }
        var error = hh_error()
        let status = Status(body(pointer, &error))
        guard status.rawValue < Status.invalidArgument.rawValue else { throw HandheldError(status, error) }
        return status
    }

    /// The JSON that a call answers with.
    func json(_ body: (OpaquePointer, UnsafeMutablePointer<hh_value>) -> hh_status) throws(HandheldError) -> Data {
        var value = hh_value.empty
        try perform { pointer, _ in body(pointer, &value) }
        return Data(UnsafeRawBufferPointer(start: value.data, count: value.size))
    }

    /// One step of the work, with the run that it belongs to; 0 when there was nothing to do.
    /// - Throws: when no run is to blame, for example because the model is not loaded.
    func receive() throws(HandheldError) -> (run: Run, outcome: Result<Step, HandheldError>) {
        var value = hh_value.empty
        do {
            switch try perform({ hh_task_receive($0, &value, &$1) }) {
            case .ok: return (value.run, .success(.value(try Value(copying: value))))
            case .end: return (value.run, .success(.end))
            case .cancelled: return (value.run, .success(.cancelled))
            default: return (0, .success(.again))
            }
        } catch {
            guard value.run != 0 else { throw error }
            return (value.run, .failure(error))
        }
    }

    // MARK: Calls that never wait, from any thread

    /// Gives one value, or the end of a request.
    /// - Returns: the run, or nil when the queue is full.
    func send(_ value: Value?) throws -> Run? {
        guard let value else {
            var end = hh_value.empty
            return try sendC(&end)
        }
        return try value.withCValue { try sendC($0) }
    }

    private func sendC(_ value: UnsafePointer<hh_value>) throws(HandheldError) -> Run? {
        var run: Run = 0
        var error = hh_error()
        let status: Status? = lock.withLock { pointer.map { Status(hh_task_send($0, value, &run, &error)) } }
        switch status {
        case nil: throw .closed
        case .ok: return run
        case .again: return nil
        case .some(let status): throw HandheldError(status, error)
        }
    }

    func cancel(_ run: Run) {
        lock.withLock {
            if let pointer { hh_task_cancel(pointer, run) }
        }
    }

    /// The run that is being received, which `cancelCurrent` stops.
    func setCurrent(_ run: Run?) {
        lock.withLock { current = run }
    }

    func cancelCurrent() {
        lock.withLock {
            if let pointer, let current { hh_task_cancel(pointer, current) }
        }
    }

    var isClosed: Bool { lock.withLock { pointer == nil } }

    var progress: Double {
        lock.withLock { pointer.map { Double(hh_task_progress($0)) } ?? 0 }
    }
}

/// One file of a task that does not lie beside its task.json.
public struct TaskFile: Sendable, Equatable {
    /// As in task.json, for example "weights".
    public var role: String
    /// A file or folder on this device.
    public var url: URL

    public init(role: String, url: URL) {
        self.role = role
        self.url = url
    }
}

private func withCFiles<Result>(_ files: [TaskFile], _ body: (UnsafeBufferPointer<hh_file>) -> Result) -> Result {
    let texts = files.map { (role: strdup($0.role), path: strdup($0.url.path)) }
    defer {
        for (role, path) in texts {
            free(role)
            free(path)
        }
    }
    let list = texts.map { role, path in
        var file = hh_file()
        file.role = UnsafePointer(role)
        file.path = UnsafePointer(path)
        file.fd = -1
        return file
    }
    return list.withUnsafeBufferPointer(body)
}
