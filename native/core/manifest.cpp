#include "core/manifest.hpp"

#include <algorithm>
#include <cmath>

#include "core/failure.hpp"
#include "processing/text/utf8.hpp"

namespace hh {
namespace {

constexpr std::size_t kLargestManifest = std::size_t{1} << 20;
constexpr int kManifestVersion = 1;

[[noreturn]] void refuse(const std::string &message) { throw Failure(HH_MANIFEST_INVALID, message); }

std::string text_of(const Json &json, const char *key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) refuse("The manifest needs the text \"" + std::string(key) + "\".");
    return found->get<std::string>();
}

Json object_of(const Json &json, const char *key) {
    const Json value = json.value(key, Json::object());
    if (!value.is_object()) refuse("The manifest's \"" + std::string(key) + "\" must be an object.");
    return value;
}

hh_kind kind_of(const std::string &name) {
#define HH_KIND_ROW(id, text, sentence) \
    if (name == text) return id;
    HH_KIND_LIST(HH_KIND_ROW)
#undef HH_KIND_ROW
    refuse("The manifest names the unknown kind \"" + name + "\".");
}

std::vector<Port> ports_of(const Json &json) {
    const Json list = json.value("ports", Json::array());
    if (!list.is_array()) refuse("The manifest's \"ports\" must be a list.");
    std::vector<Port> ports;
    for (const Json &entry : list) {
        if (!entry.is_object()) refuse("A port of the manifest is no object.");
        const std::string direction = text_of(entry, "direction");
        if (direction != "in" && direction != "out") refuse("A port's direction is \"in\" or \"out\".");
        ports.push_back({text_of(entry, "name"), direction == "in", kind_of(text_of(entry, "kind"))});
    }
    const auto has = [&](bool input) {
        return std::any_of(ports.begin(), ports.end(), [&](const Port &port) { return port.input == input; });
    };
    if (!has(true) || !has(false)) refuse("The manifest needs at least one input and one output port.");
    return ports;
}

constexpr const char *kAcceleratorKey = "accelerator", *kMemoryKey = "memory_mb";
constexpr double kMegabyte = 1e6, kMostMegabytes = 1e9;

std::string accelerator_of(const Json &given, hh_status code, const std::string &who) {
    static constexpr const char *kKnown[] = {"auto", "cpu", "gpu", "npu"};
    const std::string name = given.is_string() ? given.get<std::string>() : dump(given);
    if (std::none_of(std::begin(kKnown), std::end(kKnown), [&](const char *known) { return name == known; }))
        throw Failure(code, who + " asks for the unknown accelerator \"" + name + "\"; there are: auto, cpu, gpu, npu.");
    return name;
}

std::uint64_t memory_of(const Json &given, hh_status code, const std::string &who) {
    const double megabytes = given.is_number() ? given.get<double>() : -1;
    if (!(megabytes >= 0 && megabytes <= kMostMegabytes))
        throw Failure(code, who + " allows " + dump(given) + " for \"memory_mb\", which is a number of megabytes, from 0 on.");
    return static_cast<std::uint64_t>(std::llround(megabytes * kMegabyte));
}

// Every task takes these beside its own options: the manifest says what an app asks for, whoever opens a task may want
// something else.
void take_common(Manifest &manifest, const Json &given, hh_status code, const std::string &who) {
    if (given.contains(kAcceleratorKey)) manifest.accelerator = accelerator_of(given[kAcceleratorKey], code, who);
    if (given.contains(kMemoryKey)) manifest.memory = memory_of(given[kMemoryKey], code, who);
}

void take_options(Manifest &manifest, const char *text) {
    take_common(manifest, manifest.json, HH_MANIFEST_INVALID, "The manifest");
    if (text == nullptr) return;
    Json given = parse_object(text, HH_INVALID_ARGUMENT, "options_json");
    take_common(manifest, given, HH_INVALID_ARGUMENT, "options_json");
    given.erase(kAcceleratorKey);
    given.erase(kMemoryKey);
    manifest.options.apply(given);
}

std::string read_text(const std::string &path) {
    const File file = File::from_path("manifest", path);
    if (file.size() > static_cast<std::int64_t>(kLargestManifest)) refuse(path + " is too large for a manifest.");
    return file.head(kLargestManifest);
}

std::vector<File> files_of(const Json &json, const hh_task_options &options) {
    std::vector<File> files;
    for (std::size_t i = 0; i < options.file_count; ++i) files.push_back(File::from_api(options.files[i]));
    const std::string manifest = options.manifest_path != nullptr ? options.manifest_path : "";
    const std::string folder = manifest.substr(0, manifest.find_last_of('/') + 1);
    const Json named = object_of(json, "files");  // items() only refers to it
    for (const auto &[role, name] : named.items()) {
        const auto given = [&role = role](const File &file) { return file.role() == role; };
        if (std::any_of(files.begin(), files.end(), given)) continue;
        const std::string text = name.is_string() ? name.get<std::string>() : "";
        if (text.empty() || text.front() == '/' || text.find("..") != std::string::npos || text.find('\0') != text.npos)
            refuse("The file for role \"" + role + "\" must be a name beside the manifest.");
        if (manifest.empty())
            throw Failure(HH_FILE_NOT_FOUND, "No file was given for role \"" + role + "\" (" + text + ").");
        files.push_back(File::from_path(role, folder + text));
    }
    return files;
}

}  // namespace

const Port &Manifest::input(const std::string &name, hh_kind kind) const {
    const Port *named = nullptr, *any = nullptr;
    for (const Port &port : ports) {
        if (!port.input) continue;
        if (port.any_name()) any = &port;
        else if (named == nullptr && (name.empty() || port.name == name)) named = &port;
    }
    if (named != nullptr && named->kind == kind) return *named;
    if (any != nullptr && any->kind == kind) return *any;
    if (named != nullptr || any != nullptr)
        throw Failure(HH_WRONG_KIND, "The input \"" + (named != nullptr ? named->name : name) +
                                         "\" takes another kind of value.");
    std::string known;
    for (const Port &port : ports)
        if (port.input) known += (known.empty() ? "" : ", ") + (port.any_name() ? "the model's own inputs" : port.name);
    throw Failure(HH_UNKNOWN_PORT, "The task has no input \"" + name + "\"; there are: " + known + ".");
}

const Port &Manifest::output() const {
    return *std::find_if(ports.begin(), ports.end(), [](const Port &port) { return !port.input; });
}

Manifest read_manifest(const hh_task_options &options) {
    std::string text;
    if (options.manifest_path != nullptr) text = read_text(options.manifest_path);
    else if (options.manifest_json != nullptr) text = options.manifest_json;
    else throw Failure(HH_INVALID_ARGUMENT, "Neither manifest_path nor manifest_json is given.");
    if (!utf8_valid(text)) refuse("The manifest is not valid UTF-8.");

    Manifest manifest;
    manifest.json = parse_object(text, HH_MANIFEST_INVALID, "The manifest");
    const Json version = manifest.json.value("handheld", Json());
    if (version != kManifestVersion)
        refuse("The manifest has format " + dump(version) + "; this build reads format 1. Render the app again.");
    manifest.task = text_of(manifest.json, "task");
    manifest.runtime = text_of(manifest.json, "runtime");
    manifest.shape = text_of(manifest.json, "shape");
    if (manifest.json.contains("chat_template")) manifest.chat_template = text_of(manifest.json, "chat_template");
    manifest.ports = ports_of(manifest.json);
    manifest.settings = Settings(object_of(manifest.json, "settings"), "The setting");
    manifest.options = Settings(object_of(manifest.json, "options"), "The option");
    take_options(manifest, options.options_json);
    manifest.files = files_of(manifest.json, options);
    return manifest;
}

}  // namespace hh
