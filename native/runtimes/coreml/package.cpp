#include "runtimes/coreml/package.hpp"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>

#include "core/failure.hpp"
#include "core/file_kind.hpp"
#include "core/json.hpp"
#include "core/settings.hpp"

namespace hh::runtimes::coreml {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestList = std::size_t{1} << 20;          // bytes of Manifest.json
constexpr std::size_t kLargestDescription = std::size_t{16} << 20;  // bytes: names and types, no weights
constexpr int kMostFields = 100'000;

// Numbers of fields: Model.proto and FeatureTypes.proto of the Core ML specification.
constexpr std::uint64_t kVersion = 1, kDescription = 2, kFirstKind = 200;
constexpr std::uint64_t kInput = 1, kOutput = 10, kState = 13, kName = 1;
constexpr std::uint64_t kPipelines[] = {200, 201, 202}, kNeuralNetworks[] = {303, 403, 500}, kProgram = 502;

[[noreturn]] void refuse(const File &file, const std::string &why) {
    throw Failure(HH_FILE_INVALID, file.label() + " is not a Core ML package: " + why);
}

[[noreturn]] void damaged(const File &file, const std::string &why) {
    throw Failure(HH_FILE_INVALID, file.label() + " is a damaged or incomplete Core ML package: " + why);
}

/** Protocol buffers in memory, as far as this needs them. */
class Message {
public:
    explicit Message(std::string_view bytes) : rest_(bytes) {}

    struct Field {
        std::uint64_t number, value;  // the value of a number
        std::string_view bytes;       // the content of anything else
    };

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    /** The next field; nothing when what follows is none. */
    std::optional<Field> next() {
        const std::optional<std::uint64_t> tag = varint();
        if (!tag) return {};
        std::uint64_t value = 0, length = 0;
        switch (*tag & 7) {
            case 0:
                if (const auto read = varint()) value = *read;
                else return {};
                break;
            case 1: length = 8; break;
            case 2:
                if (const auto read = varint()) length = *read;
                else return {};
                break;
            case 5: length = 4; break;
            default: return {};
        }
        if (length > rest_.size()) return {};
        const Field field{*tag >> 3, value, rest_.substr(0, length)};
        rest_.remove_prefix(length);
        return field;
    }

private:
    std::optional<std::uint64_t> varint() {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 10 && i < rest_.size(); ++i) {
            const auto byte = static_cast<unsigned char>(rest_[i]);
            value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
            if ((byte & 0x80) == 0) {
                rest_.remove_prefix(i + 1);
                return value;
            }
        }
        return {};
    }

    std::string_view rest_;
};

std::string name_of(std::string_view feature) {
    for (Message message(feature); !message.at_end();) {
        const auto field = message.next();
        if (!field) break;
        if (field->number == kName) return std::string(field->bytes);
    }
    return {};
}

bool read_description(std::string_view bytes, Package &package) {
    Message message(bytes);
    for (int i = 0; !message.at_end(); ++i) {
        const auto field = message.next();
        if (!field || i > kMostFields) return false;
        if (field->number == kInput) package.inputs.push_back(name_of(field->bytes));
        if (field->number == kOutput) package.outputs.push_back(name_of(field->bytes));
        if (field->number == kState) package.states.push_back(name_of(field->bytes));
    }
    return true;
}

const char *kind_of(std::uint64_t field) {
    for (const std::uint64_t pipeline : kPipelines)
        if (field == pipeline) return "pipeline";
    for (const std::uint64_t network : kNeuralNetworks)
        if (field == network) return "neural network";
    return field == kProgram ? "ML Program" : "model of an older kind";
}

/** The outermost fields of the specification, whose largest may be hundreds of megabytes and is skipped. */
class Specification {
public:
    Specification(const File &package, const File &file) : package_(package), file_(file), stream_(file.open()) {}

    void read_into(Package &found) {
        for (int i = 0; position_ < file_.size(); ++i) {
            if (i > kMostFields) cut();
            const std::uint64_t tag = varint(), field = tag >> 3;
            if ((tag & 7) == 0) {
                const std::uint64_t value = varint();
                if (field == kVersion) found.version = value;
                continue;
            }
            if ((tag & 7) != 2) cut();
            const std::uint64_t length = varint();
            if (length > static_cast<std::uint64_t>(file_.size() - position_)) cut();
            if (field >= kFirstKind) found.kind = kind_of(field);
            if (field == kDescription && length <= kLargestDescription) describe(length, found);
            else skip(length);
        }
        if (found.version == 0 || found.kind.empty())
            damaged(package_, file_.label() + " is no Core ML specification; it is " + file_kind(file_.head(kKindBytes)) + ".");
    }

private:
    [[noreturn]] void cut() const {
        damaged(package_, file_.label() + " has " + std::to_string(file_.size()) + " bytes and ends inside of a field.");
    }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            const int byte = std::fgetc(stream_.get());
            if (byte == EOF) cut();
            ++position_;
            if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        cut();
    }

    void skip(std::uint64_t length) {
        position_ += static_cast<std::int64_t>(length);
        if (std::fseek(stream_.get(), static_cast<long>(position_), SEEK_SET) != 0) cut();
    }

    void describe(std::uint64_t length, Package &found) {
        std::string bytes(static_cast<std::size_t>(length), '\0');
        if (std::fread(bytes.data(), 1, bytes.size(), stream_.get()) != bytes.size()) cut();
        position_ += static_cast<std::int64_t>(length);
        if (!read_description(bytes, found)) cut();
    }

    const File &package_, &file_;
    Stream stream_;
    std::int64_t position_ = 0;
};

/** A place inside the package that its list names. */
fs::path place_of(const File &file, const Json &entry) {
    const auto path = entry.is_object() ? entry.find("path") : entry.end();
    if (!entry.is_object() || path == entry.end() || !path->is_string()) damaged(file, "its list has an entry without a path.");
    const fs::path inner = path->get<std::string>();
    bool outside = inner.empty() || inner.is_absolute();
    for (const fs::path &part : inner) outside = outside || part == "..";
    if (outside) damaged(file, "its list names \"" + inner.string() + "\", which is outside of it.");
    return fs::path(file.path()) / "Data" / inner;
}

/** The specification's place; every item of the list has to be there. */
fs::path find_model(const File &file) {
    const fs::path list = fs::path(file.path()) / "Manifest.json";
    std::error_code error;
    if (fs::exists(fs::path(file.path()) / "coremldata.bin", error))
        refuse(file, "it is a model that was compiled already (.mlmodelc). Give the package that it was made of.");
    if (!fs::is_regular_file(list, error)) refuse(file, "it is a folder without a Manifest.json.");
    const Json json = parse_object(File::from_path("list", list.string()).head(kLargestList), HH_FILE_INVALID, list.string());
    const Json entries = json.value("itemInfoEntries", Json::object());
    const auto root = json.find("rootModelIdentifier");
    if (!entries.is_object() || root == json.end() || !root->is_string() || !entries.contains(root->get<std::string>()))
        damaged(file, "its list does not say which item the model is.");
    for (const auto &[name, entry] : entries.items())
        if (const fs::path place = place_of(file, entry); !fs::exists(place, error))
            damaged(file, place.string() + " is missing. Copy the whole folder again.");
    return place_of(file, entries[root->get<std::string>()]);
}

std::uint64_t bytes_in(const fs::path &folder) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->is_regular_file(error)) bytes += it->file_size(error);
    return bytes;
}

}  // namespace

Package read_package(const File &file) {
    if (file.path().empty())
        throw Failure(HH_UNSUPPORTED, "A Core ML model is a folder, and Core ML opens it by its path alone: it cannot be given "
                                      "as a descriptor or as memory. Give the path of the .mlpackage.");
    std::error_code error;
    if (!fs::is_directory(file.path(), error)) refuse(file, "it is " + file_kind(file.head(kKindBytes)) + ".");
    const fs::path model = find_model(file);
    if (!fs::is_regular_file(model, error)) damaged(file, model.string() + " is no file.");
    Package package;
    const File specification = File::from_path("model", model.string());
    Specification(file, specification).read_into(package);
    package.bytes = bytes_in(file.path());
    return package;
}

std::string systems_for(std::uint64_t version) {
    struct Systems {
        std::uint64_t version;
        const char *names;
    };
    static constexpr Systems kSystems[] = {
        {5, "iOS 14 and macOS 11"}, {6, "iOS 15 and macOS 12"}, {7, "iOS 16 and macOS 13"},
        {8, "iOS 17 and macOS 14"}, {9, "iOS 18 and macOS 15"}, {10, "iOS 26 and macOS 26"},
    };
    for (const Systems &systems : kSystems)
        if (version <= systems.version) return std::string(systems.names) + ", or newer";
    return "a system that is newer than this core";
}

}  // namespace hh::runtimes::coreml
