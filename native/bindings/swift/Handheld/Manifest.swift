import Foundation

/// task.json, as far as screens need it.
public struct Manifest: Sendable, Equatable, Codable {
    public let task: String
    public let title: String
    public let runtime: String
    /// Role to file name, for example "weights".
    public let files: [String: String]
    public let model: Model?
    public let ports: [Port]
    /// What `configure` takes, by name.
    public let settings: [String: Setting]
    /// What holds from open to close, by name.
    public let options: [String: Setting]

    public struct Model: Sendable, Equatable, Codable {
        public let name: String
        public let title: String
        public let licence: String?
        /// The size of the file with the role "weights".
        public let bytes: Int?
        /// Hexadecimal.
        public let sha256: String?
    }

    public struct Port: Sendable, Equatable, Codable {
        public let name: String
        /// "in" or "out".
        public let direction: String
        public let kind: String
        public let summary: String?
    }

    public struct Setting: Sendable, Equatable, Codable {
        /// "number", "integer", "boolean", "text", "strings" or "choice".
        public let type: String
        public let `default`: SettingValue
        public let minimum: Double?
        public let maximum: Double?
        public let choices: [String]?
        public let summary: String?
    }

    /// Reads a task.json.
    /// - Throws: `fileNotFound`, `fileUnreadable` or `manifestInvalid`.
    public init(contentsOf url: URL) throws(HandheldError) {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            let status = FileManager.default.fileExists(atPath: url.path) ? Status.fileUnreadable : .fileNotFound
            throw HandheldError(status, "\(url.lastPathComponent) cannot be read: \(error.localizedDescription)")
        }
        self = try decodeJSON(data, what: url.lastPathComponent, otherwise: .manifestInvalid)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        task = try container.decode(String.self, forKey: .task)
        title = try container.decodeIfPresent(String.self, forKey: .title) ?? task
        runtime = try container.decode(String.self, forKey: .runtime)
        files = try container.decodeIfPresent([String: String].self, forKey: .files) ?? [:]
        model = try container.decodeIfPresent(Model.self, forKey: .model)
        ports = try container.decodeIfPresent([Port].self, forKey: .ports) ?? []
        settings = try container.decodeIfPresent([String: Setting].self, forKey: .settings) ?? [:]
        options = try container.decodeIfPresent([String: Setting].self, forKey: .options) ?? [:]
    }
}

func decodeJSON<Decoded: Decodable>(_ data: Data, what: String, otherwise status: Status) throws(HandheldError)
    -> Decoded
{
    do {
        return try JSONDecoder().decode(Decoded.self, from: data)
    } catch {
        throw HandheldError(status, "\(what) cannot be understood: \(error)")
    }
}
