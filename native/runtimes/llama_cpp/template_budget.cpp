#include "runtimes/llama_cpp/template_budget.hpp"

#include <jinja/lexer.h>
#include <jinja/runtime.h>
#include <jinja/value.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <typeinfo>
#include <utility>
#include <vector>

namespace hh::runtimes::llama_cpp {
namespace {

constexpr std::size_t kMostBytes = std::size_t{8} << 20;  // of one text
constexpr std::size_t kMostItems = 100'000;               // of one list, counted through all that it holds
constexpr std::size_t kMostDepth = 100;                   // of lists in lists
constexpr std::ptrdiff_t kMostStack = 256 << 10;          // bytes; threads of phones have 512 KiB and more

struct Budget {
    std::size_t steps;
    const char *stack;  // where the budget began
    Budget *outer;
};
thread_local Budget *current = nullptr;

// Not the address of a variable: a sanitizer may keep those elsewhere.
inline const char *stack_here() { return static_cast<const char *>(__builtin_frame_address(0)); }

void spend(std::size_t steps) {
    if (current == nullptr) return;
    const std::ptrdiff_t used = current->stack - stack_here();
    if (used > kMostStack || used < -kMostStack) throw OutOfBudget{"it calls itself too often"};
    if (steps > current->steps) throw OutOfBudget{"it does not come to an end"};
    current->steps -= steps;
}

void refuse_bytes(double bytes) {
    if (bytes > static_cast<double>(kMostBytes)) throw OutOfBudget{"it makes a text of more than 8 MiB"};
}
void refuse_items(double items) {
    if (items > static_cast<double>(kMostItems)) throw OutOfBudget{"it makes a list of more than 100,000 items"};
}

bool is_text(const jinja::value &value) { return jinja::is_val<jinja::value_string>(value); }

// What a value holds when it is walked through as a tree, as printing and comparing do. Lists that hold one list many
// times, or themselves, are what makes this large.
struct Extent {
    std::size_t items = 0, bytes = 0;

    // Walking is cheap beside executing a node, which looks names up.
    [[nodiscard]] std::size_t steps() const { return items / 16 + bytes / 16384; }

    void add(const jinja::value &value, std::size_t depth = 0) {
        if (!value) return;
        refuse_items(static_cast<double>(++items));
        if (depth > kMostDepth) throw OutOfBudget{"it nests lists too deeply"};
        bytes += value->val_str.length();
        for (const jinja::value &item : value->val_arr) add(item, depth + 1);
        for (const auto &[key, item] : value->val_obj) {
            add(key, depth + 1);
            add(item, depth + 1);
        }
        if (const auto *keyword = jinja::cast_val<std::shared_ptr<jinja::value_kwarg_t>>(value)) add(keyword->val, depth);
    }
};

Extent extent(const jinja::value &value) {
    Extent sum;
    sum.add(value);
    refuse_bytes(static_cast<double>(sum.bytes));
    return sum;
}

double occurrences(const std::string &text, const std::string &part) {
    if (part.empty()) return static_cast<double>(text.size()) + 1;
    double count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

// Functions and filters whose result may be much larger than what goes in. `self` is a filter's input or the object of a
// method, and may be missing; keyword arguments hold their value inside.
class Call {
public:
    Call(std::string name, const jinja::value &self, const std::vector<jinja::value> &arguments)
        : name_(std::move(name)), self_(self) {
        for (const jinja::value &argument : arguments) {
            const auto *keyword = jinja::cast_val<std::shared_ptr<jinja::value_kwarg_t>>(argument);
            arguments_.push_back(keyword != nullptr ? keyword->val : argument);
        }
    }

    void check() const {
        if (name_ == "range") range();
        if (!self_) return;
        const std::size_t passes = name_ == "sort" || name_ == "dictsort" || name_ == "min" || name_ == "max" ? 20 : 1;
        spend(passes * extent(self_).steps());
        if (name_ == "replace") replace();
        if (name_ == "join") refuse_bytes(number_of_items() * length(0));
        if (name_ == "split" || name_ == "rsplit") refuse_items(occurrences(text(self_), text(0, " ")));
        if (name_ == "list") refuse_items(static_cast<double>(self_->val_str.length()));
        if (name_ == "indent") refuse_bytes(occurrences(text(self_), "\n") * std::max(length(0), integer(0)) + integer(0));
        if (name_ == "tojson") refuse_items(largest_integer() * static_cast<double>(extent(self_).items));
    }

private:
    void range() const {
        const double from = arguments_.size() > 1 ? integer(0) : 0, to = integer(arguments_.size() > 1 ? 1 : 0);
        const double step = arguments_.size() > 2 ? integer(2) : 1;
        if (std::fabs(from) > 1e15 || std::fabs(to) > 1e15 || std::fabs(step) > 1e15) refuse_items(1e15);
        if (step != 0) refuse_items((to - from) / step);
        if (step != 0) spend(static_cast<std::size_t>(std::max(0.0, (to - from) / step)));
    }

    void replace() const {
        const double hits = occurrences(text(self_), text(0)), size = static_cast<double>(self_->val_str.length());
        refuse_bytes(size + hits * length(1));
        spend(static_cast<std::size_t>(hits * (size + hits * length(1)) / 1e6));  // each one moves all that follows
    }

    [[nodiscard]] static std::string text(const jinja::value &value) { return is_text(value) ? value->val_str.str() : ""; }
    [[nodiscard]] std::string text(std::size_t at, const char *otherwise = "") const {
        return at < arguments_.size() && is_text(arguments_[at]) ? arguments_[at]->val_str.str() : otherwise;
    }
    [[nodiscard]] double length(std::size_t at) const { return static_cast<double>(text(at).size()); }
    [[nodiscard]] double integer(std::size_t at) const {
        const bool there = at < arguments_.size() && jinja::is_val<jinja::value_int>(arguments_[at]);
        return there ? static_cast<double>(arguments_[at]->as_int()) : 0;
    }
    [[nodiscard]] double largest_integer() const {
        double most = 0;
        for (std::size_t i = 0; i < arguments_.size(); ++i) most = std::max(most, integer(i));
        return most;
    }
    [[nodiscard]] double number_of_items() const { return static_cast<double>(self_->val_arr.size()); }

    std::string name_;
    const jinja::value &self_;
    std::vector<jinja::value> arguments_;
};

// A value in the place of an expression, so that a node can be executed on operands that were looked at before.
struct Constant final : jinja::expression {
    explicit Constant(jinja::value held_value) : held(std::move(held_value)) { pos = 0; }
    jinja::value execute_impl(jinja::context &) const override { return held; }
    jinja::value held;
};

jinja::statement_ptr constant(jinja::value value) { return std::make_unique<Constant>(std::move(value)); }

std::vector<jinja::value> evaluate(const jinja::statements &nodes, jinja::context &ctx) {
    std::vector<jinja::value> values;
    for (const jinja::statement_ptr &node : nodes) values.push_back(node->execute(ctx));
    return values;
}

jinja::statements constants(const std::vector<jinja::value> &values) {
    jinja::statements nodes;
    for (const jinja::value &value : values) nodes.push_back(constant(value));
    return nodes;
}

// A node of kind T that counts. It is one of T, which the engine asks for here and there.
template <typename T>
struct Counted final : T {
    Counted(T &&node, std::size_t price) : T(std::move(node)), steps(price) {}

    jinja::value execute_impl(jinja::context &ctx) const override {
        spend(steps);
        jinja::value value = run(ctx);
        if (value) spend(extent(value).steps());
        return value;
    }

    [[nodiscard]] jinja::value run(jinja::context &ctx) const { return T::execute_impl(ctx); }

    std::size_t steps;
};

template <>
jinja::value Counted<jinja::binary_expression>::run(jinja::context &ctx) const {
    if (op.value == "and" || op.value == "or") return jinja::binary_expression::execute_impl(ctx);
    const jinja::value a = left->execute(ctx), b = right->execute(ctx);
    if (op.value == "*" && is_text(a) != is_text(b)) {
        const jinja::value &text = is_text(a) ? a : b, &times = is_text(a) ? b : a;
        if (jinja::is_val<jinja::value_int>(times)) {
            const auto repeat = static_cast<double>(times->as_int());
            refuse_bytes(static_cast<double>(text->val_str.length()) * repeat);
            refuse_items(static_cast<double>(text->val_str.parts.size()) * repeat);
        }
    }
    spend((op.value.ends_with("in") ? 1 + b->val_arr.size() : 1) * extent(a).steps() + extent(b).steps());
    const jinja::binary_expression same(op, constant(a), constant(b));
    return same.execute_impl(ctx);
}

template <>
jinja::value Counted<jinja::call_expression>::run(jinja::context &ctx) const {
    const std::vector<jinja::value> values = evaluate(args, ctx);
    jinja::value function = callee->execute(ctx);
    const auto *known = jinja::cast_val<jinja::value_func>(function);
    if (known != nullptr) Call(known->name, known->arg0, values).check();
    const jinja::call_expression same(constant(function), constants(values));
    jinja::value result = same.execute_impl(ctx);
    if (known != nullptr && known->arg0) (void)extent(known->arg0);  // "append" and the like have changed it
    return result;
}

template <>
jinja::value Counted<jinja::filter_expression>::run(jinja::context &ctx) const {
    const jinja::value input = operand->execute(ctx);
    const auto *call = jinja::cast_stmt<jinja::call_expression>(filter);
    const auto *name = jinja::cast_stmt<jinja::identifier>(call != nullptr ? call->callee : filter);
    if (name == nullptr) throw std::runtime_error("A filter needs a name");
    const std::vector<jinja::value> values = call != nullptr ? evaluate(call->args, ctx) : std::vector<jinja::value>();
    Call(name->val, input, values).check();
    jinja::statement_ptr same = std::make_unique<jinja::identifier>(name->val);
    same->pos = name->pos;
    if (call != nullptr) same = std::make_unique<jinja::call_expression>(std::move(same), constants(values));
    return jinja::filter_expression(constant(input), std::move(same)).execute_impl(ctx);
}

// After an assignment to a member the object may hold itself.
template <>
jinja::value Counted<jinja::set_statement>::run(jinja::context &ctx) const {
    jinja::value result = jinja::set_statement::execute_impl(ctx);
    if (const auto *member = jinja::cast_stmt<jinja::member_expression>(assignee))
        spend(extent(member->object->execute(ctx)).steps());
    return result;
}

// One turn of a loop.
struct Turn final : jinja::statement {
    explicit Turn(std::size_t price) : steps(price) { pos = 0; }
    jinja::value execute_impl(jinja::context &) const override {
        spend(steps);
        return jinja::mk_val<jinja::value_undefined>();
    }
    std::size_t steps;
};

// What a loop goes through: for each item the engine copies all variables before the first turn.
struct Iterated final : jinja::expression {
    Iterated(jinja::statement_ptr &&node, std::size_t price) : inner(std::move(node)), steps(price) { pos = inner->pos; }
    jinja::value execute_impl(jinja::context &ctx) const override {
        jinja::value value = inner->execute(ctx);
        spend((value->val_arr.size() + value->val_obj.size()) * steps);
        return value;
    }
    jinja::statement_ptr inner;
    std::size_t steps;
};

// What {% call %} calls: a macro. A function would be called past Counted<call_expression>.
struct Macro final : jinja::expression {
    explicit Macro(jinja::statement_ptr &&node) : inner(std::move(node)) { pos = inner->pos; }
    jinja::value execute_impl(jinja::context &ctx) const override {
        jinja::value value = inner->execute(ctx);
        const auto *function = jinja::cast_val<jinja::value_func>(value);
        if (function != nullptr && (function->arg0 || jinja::global_builtins().contains(function->name)))
            throw std::runtime_error("{% call %} takes a macro");
        return value;
    }
    jinja::statement_ptr inner;
};

class Rewriter {
public:
    void program(jinja::statements &body) {
        count_names(body);
        scope_ = 1 + names_ / 8;
        all(body);
    }

private:
    // Every scope copies all variables, so that a template with many of them pays more for each.
    void count_names(const jinja::statements &body) {
        jinja::context ctx;
        ctx.visitor = [&](bool, const jinja::statement *node, const std::vector<jinja::visitor_pair> &children) {
            const std::string type = node->type();
            if (type == "Set" || type == "Macro" || type == "For") ++names_;
            for (const auto &[label, nodes] : children)
                for (const jinja::statement *child : nodes)
                    if (child != nullptr) child->visit(ctx);
        };
        for (const jinja::statement_ptr &node : body) node->visit(ctx);
    }

    void all(jinja::statements &nodes) {
        for (jinja::statement_ptr &node : nodes) one(node);
    }

    void one(jinja::statement_ptr &node) {
        if (!node) return;
        (void)(wrap<jinja::if_statement>(node) || wrap<jinja::for_statement>(node) || wrap<jinja::set_statement>(node) ||
               wrap<jinja::macro_statement>(node) || wrap<jinja::call_statement>(node) ||
               wrap<jinja::filter_statement>(node) || wrap<jinja::member_expression>(node) ||
               wrap<jinja::call_expression>(node) || wrap<jinja::array_literal>(node) ||
               wrap<jinja::tuple_literal>(node) || wrap<jinja::object_literal>(node) ||
               wrap<jinja::binary_expression>(node) || wrap<jinja::filter_expression>(node) ||
               wrap<jinja::select_expression>(node) || wrap<jinja::test_expression>(node) ||
               wrap<jinja::unary_expression>(node) || wrap<jinja::slice_expression>(node) ||
               wrap<jinja::keyword_argument_expression>(node) || wrap<jinja::ternary_expression>(node));
    }

    template <typename T>
    bool wrap(jinja::statement_ptr &node) {
        T *known = dynamic_cast<T *>(node.get());
        if (known == nullptr || typeid(*known) != typeid(T)) return false;
        inside(*known);
        if constexpr (!std::is_same_v<T, jinja::slice_expression>)
            node = std::make_unique<Counted<T>>(std::move(*known), price<T>());
        return true;
    }

    template <typename T>
    [[nodiscard]] std::size_t price() const {
        constexpr bool opens_scope = std::is_same_v<T, jinja::for_statement> || std::is_same_v<T, jinja::call_statement> ||
                                     std::is_same_v<T, jinja::call_expression>;
        return opens_scope ? scope_ : 1;
    }

    // The nodes that a node executes itself. Names and targets of assignments stay as they are.
    void inside(jinja::if_statement &n) { one(n.test), all(n.body), all(n.alternate); }
    void inside(jinja::for_statement &n) {
        auto *select = dynamic_cast<jinja::select_expression *>(n.iterable.get());
        if (select != nullptr) one(select->test);
        jinja::statement_ptr &items = select != nullptr ? select->lhs : n.iterable;
        one(items);
        items = std::make_unique<Iterated>(std::move(items), scope_);
        all(n.body);
        n.body.insert(n.body.begin(), std::make_unique<Turn>(1));
        all(n.default_block);
    }
    void inside(jinja::set_statement &n) { one(n.val), all(n.body); }
    void inside(jinja::macro_statement &n) { all(n.args), all(n.body); }
    void inside(jinja::call_statement &n) {
        if (auto *call = dynamic_cast<jinja::call_expression *>(n.call.get())) {
            inside(*call);
            call->callee = std::make_unique<Macro>(std::move(call->callee));
        }
        all(n.caller_args), all(n.body);
    }
    void inside(jinja::filter_statement &n) {
        if (dynamic_cast<jinja::call_expression *>(n.filter.get()) != nullptr)
            throw OutOfBudget{"it has a filter block with arguments, whose result cannot be bounded"};
        all(n.body);
    }
    void inside(jinja::member_expression &n) { one(n.object), one(n.property); }
    void inside(jinja::slice_expression &n) { one(n.start_expr), one(n.stop_expr), one(n.step_expr); }
    void inside(jinja::call_expression &n) { one(n.callee), all(n.args); }
    void inside(jinja::array_literal &n) { all(n.val); }
    void inside(jinja::tuple_literal &n) { all(n.val); }
    void inside(jinja::object_literal &n) {
        for (auto &[key, value] : n.val) one(key), one(value);
    }
    void inside(jinja::binary_expression &n) { one(n.left), one(n.right); }
    void inside(jinja::filter_expression &n) { one(n.operand), arguments(n.filter); }
    void inside(jinja::select_expression &n) { one(n.lhs), one(n.test); }
    void inside(jinja::test_expression &n) { one(n.operand), arguments(n.test); }
    void inside(jinja::unary_expression &n) { one(n.argument); }
    void inside(jinja::keyword_argument_expression &n) { one(n.val); }
    void inside(jinja::ternary_expression &n) { one(n.condition), one(n.true_expr), one(n.false_expr); }

    void arguments(jinja::statement_ptr &named) {
        if (auto *call = dynamic_cast<jinja::call_expression *>(named.get())) all(call->args);
    }

    std::size_t names_ = 16, scope_ = 1;
};

}  // namespace

void count_steps(jinja::program &program) { Rewriter().program(program.body); }

TemplateBudget::TemplateBudget(std::size_t steps) {
    current = new Budget{steps, stack_here(), current};
}

TemplateBudget::~TemplateBudget() { delete std::exchange(current, current->outer); }

}  // namespace hh::runtimes::llama_cpp
