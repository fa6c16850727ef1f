#include "tasks/classify/picture_text.hpp"

#include <algorithm>
#include <charconv>

#include "core/failure.hpp"

namespace hh::tasks::classify {
namespace {

constexpr int kLongestSide = 1024;

[[noreturn]] void refuse(const std::string &message) { throw Failure(HH_INVALID_ARGUMENT, message); }

class Words {
public:
    explicit Words(std::string_view text) : rest_(text) {}

    /** The next word, empty at the end; from # to the end of a line is a remark. */
    std::string_view next() {
        constexpr std::string_view kSpace = " \t\r\n\v\f";
        for (;;) {
            rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
            if (rest_.empty() || rest_.front() != '#') break;
            rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
        }
        const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t\r\n\v\f#"));
        rest_.remove_prefix(word.size());
        return word;
    }

    int number(int lowest, int highest, const char *what) {
        const std::string_view word = next();
        int value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (error != std::errc{} || end != word.data() + word.size() || value < lowest || value > highest)
            refuse(std::string("The picture's ") + what + " is a number from " + std::to_string(lowest) + " to " +
                   std::to_string(highest) + ", not \"" + std::string(word.substr(0, 20)) + "\".");
        return value;
    }

private:
    std::string_view rest_;
};

}  // namespace

Value picture_of_text(std::string_view text) {
    Words words(text);
    const std::string_view kind = words.next();
    if (kind != "P2" && kind != "P3") refuse("A picture as text begins with P3 (colours) or P2 (grey).");
    Value picture;
    picture.view.kind = HH_KIND_IMAGE;
    picture.view.width = words.number(1, kLongestSide, "width");
    picture.view.height = words.number(1, kLongestSide, "height");
    picture.view.pixel_strides[0] = 4;
    picture.view.row_strides[0] = picture.view.width * 4;
    words.number(255, 255, "highest value");
    const int pixels = picture.view.width * picture.view.height;
    for (int i = 0; i < pixels; ++i) {
        int colours[3];
        for (int &colour : colours)
            colour = kind == "P3" || &colour == colours ? words.number(0, 255, "value") : colours[0];
        for (const int colour : colours) picture.data.push_back(static_cast<char>(colour));
        picture.data.push_back(static_cast<char>(255));
    }
    if (!words.next().empty()) refuse("There is more text than the picture has pixels.");
    picture.view.size = picture.data.size();
    return picture;
}

}  // namespace hh::tasks::classify
