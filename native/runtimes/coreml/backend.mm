// Runtime `coreml`: shape `tensors` over MLModel, for ML Programs and older kinds of models with arrays in and out.
#include <algorithm>
#include <map>

#include "core/failure.hpp"
#include "core/runtime.hpp"
#include "core/tensors/text.hpp"
#import "runtimes/coreml/compiled.hpp"
#include "runtimes/coreml/package.hpp"
#include "runtimes/coreml/strides.hpp"

#if !__has_feature(objc_arc)
#error "compile this file with -fobjc-arc"
#endif

namespace hh::runtimes::coreml {
namespace {

struct Type {
    MLMultiArrayDataType theirs;
    hh_dtype dtype;
};
constexpr Type kTypes[] = {{MLMultiArrayDataTypeFloat32, HH_DTYPE_F32}, {MLMultiArrayDataTypeFloat16, HH_DTYPE_F16},
                           {MLMultiArrayDataTypeDouble, HH_DTYPE_F64},  {MLMultiArrayDataTypeInt32, HH_DTYPE_I32}};

MLMultiArrayDataType type_of(hh_dtype dtype) {
    return std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type &type) { return type.dtype == dtype; })->theirs;
}

/** The shapes that an input takes, beyond its number of axes. */
struct Sizes {
    std::vector<std::pair<std::int64_t, std::int64_t>> ranges;  // least and greatest for each axis; empty: any
    std::vector<std::vector<std::int64_t>> choices;             // one of these; empty: any
};

const char *strange(MLFeatureType type) {
    switch (type) {
        case MLFeatureTypeImage: return "a picture (ImageType)";
        case MLFeatureTypeString: return "a text";
        case MLFeatureTypeDictionary: return "a dictionary";
        case MLFeatureTypeSequence: return "a sequence";
        case MLFeatureTypeInt64:
        case MLFeatureTypeDouble: return "a single number that is no array";
        default: return "a value of no known kind";
    }
}

[[noreturn]] void refuse_port(const std::string &what, const std::string &holds) {
    throw Failure(HH_UNSUPPORTED, "The model's " + what + " holds " + holds +
                                      "; the core carries dense arrays of numbers. Convert the model with TensorType inputs "
                                      "and outputs, and do the rest in the task's C++.");
}

std::vector<std::int64_t> numbers_of(NSArray<NSNumber *> *list) {
    std::vector<std::int64_t> numbers;
    for (NSNumber *number in list) numbers.push_back(number.longLongValue);
    return numbers;
}

Sizes sizes_of(MLMultiArrayShapeConstraint *constraint) {
    Sizes sizes;
    if (constraint.type == MLMultiArrayShapeConstraintTypeEnumerated)
        for (NSArray<NSNumber *> *shape in constraint.enumeratedShapes) sizes.choices.push_back(numbers_of(shape));
    if (constraint.type == MLMultiArrayShapeConstraintTypeRange)
        for (NSValue *value in constraint.sizeRangeForDimension) {
            const NSRange range = value.rangeValue;  // from the least size on, so many sizes
            const auto least = static_cast<std::int64_t>(range.location);
            const auto more = static_cast<std::int64_t>(std::min<NSUInteger>(range.length, INT32_MAX));
            sizes.ranges.emplace_back(least, least + std::max<std::int64_t>(more, 1) - 1);
        }
    return sizes;
}

TensorSpec spec_of(MLFeatureDescription *feature, const char *direction, Sizes &sizes) {
    const std::string name = text_of(feature.name), what = std::string(direction) + " \"" + name + "\"";
    if (feature.type != MLFeatureTypeMultiArray) refuse_port(what, strange(feature.type));
    MLMultiArrayConstraint *constraint = feature.multiArrayConstraint;
    const auto known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const Type &type) { return type.theirs == constraint.dataType; });
    if (known == std::end(kTypes)) refuse_port(what, "elements that are not f16, f32, f64 or i32");
    TensorSpec spec{.name = name, .dtype = known->dtype, .shape = numbers_of(constraint.shape), .axes = {}, .quantization = {}};
    if (spec.shape.size() > 8)
        refuse_port(what, "an array of " + std::to_string(spec.shape.size()) + " dimensions, more than 8");
    sizes = sizes_of(constraint.shapeConstraint);
    for (std::size_t axis = 0; axis < std::min(spec.shape.size(), sizes.ranges.size()); ++axis)
        if (sizes.ranges[axis].first != sizes.ranges[axis].second) spec.shape[axis] = -1;
    for (const std::vector<std::int64_t> &choice : sizes.choices)
        for (std::size_t axis = 0; axis < std::min(spec.shape.size(), choice.size()); ++axis)
            if (choice[axis] != spec.shape[axis]) spec.shape[axis] = -1;
    spec.axes.resize(spec.shape.size());
    return spec;
}

void check_shape(const Tensor &tensor, const TensorSpec &spec, const Sizes &sizes) {
    const std::string given = "The input \"" + spec.name + "\" was given with the shape " + shape_text(tensor.shape) + "; ";
    if (tensor.bytes == 0) throw Failure(HH_UNSUPPORTED, given + "Core ML takes no arrays without elements.");
    for (std::size_t axis = 0; axis < std::min(tensor.shape.size(), sizes.ranges.size()); ++axis) {
        const auto [least, greatest] = sizes.ranges[axis];
        if (tensor.shape[axis] < least || tensor.shape[axis] > greatest)
            throw Failure(HH_WRONG_SHAPE, given + "the model takes " + std::to_string(least) + " to " +
                                              std::to_string(greatest) + " at place " + std::to_string(axis) + ".");
    }
    if (sizes.choices.empty() || std::find(sizes.choices.begin(), sizes.choices.end(), tensor.shape) != sizes.choices.end())
        return;
    std::string list;
    for (const std::vector<std::int64_t> &choice : sizes.choices) list += (list.empty() ? "" : ", ") + shape_text(choice);
    throw Failure(HH_WRONG_SHAPE, given + "the model takes one of " + list + ".");
}

MLComputeUnits units_for(const std::string &accelerator) {
    if (accelerator == "cpu") return MLComputeUnitsCPUOnly;
    if (accelerator == "gpu") return MLComputeUnitsCPUAndGPU;
    if (accelerator == "npu") return MLComputeUnitsCPUAndNeuralEngine;
    return MLComputeUnitsAll;
}

/** The operations of a program, by the kind of processor that Core ML plans for them. */
struct Shares {
    std::size_t gpu = 0, npu = 0, nodes = 0;
    std::map<std::string, std::size_t> cpu;  // by operator
};

API_AVAILABLE(macos(14.4), ios(17.4))
void count(MLComputePlan *plan, MLModelStructureProgramBlock *block, Shares &shares) {
    for (MLModelStructureProgramOperation *operation in block.operations) {
        // Constants are computed by nobody, and have no device.
        id<MLComputeDeviceProtocol> device = [plan computeDeviceUsageForMLProgramOperation:operation].preferredComputeDevice;
        if (device != nil) ++shares.nodes;
        if ([device isKindOfClass:MLNeuralEngineComputeDevice.class]) ++shares.npu;
        else if ([device isKindOfClass:MLGPUComputeDevice.class]) ++shares.gpu;
        else if (device != nil) ++shares.cpu[text_of(operation.operatorName)];
        for (MLModelStructureProgramBlock *inner in operation.blocks) count(plan, inner, shares);
    }
}

Shares shares_of(NSURL *compiled, MLModelConfiguration *configuration, const std::function<void()> &tick) {
    Shares shares;
    if (@available(macOS 14.4, iOS 17.4, *)) {
        NSError *error = nil;
        MLComputePlan *plan = wait_for(
            ^(Handler handler) {
                [MLComputePlan loadContentsOfURL:compiled
                                   configuration:configuration
                               completionHandler:^(MLComputePlan *result, NSError *reason) { handler(result, reason); }];
            },
            tick, nil, &error);
        NSDictionary<NSString *, MLModelStructureProgramFunction *> *functions = plan.modelStructure.program.functions;
        for (NSString *name in functions) count(plan, functions[name].block, shares);
    }
    return shares;
}

Accelerator describe_shares(const std::string &asked, const Shares &shares) {
    if (shares.nodes == 0)
        return {.kind = "cpu", .device = {}, .note = "Core ML may use more than the CPU, and does not tell for this model"};
    if (shares.gpu == 0 && shares.npu == 0)
        return fall_back(asked, "Core ML plans all " + std::to_string(shares.nodes) + " operations for the CPU");
    const bool npu = shares.npu >= shares.gpu;
    Accelerator found{.kind = npu ? "npu" : "gpu", .device = npu ? "Neural Engine" : "GPU", .note = {},
                      .taken = npu ? shares.npu : shares.gpu, .nodes = shares.nodes};
    if (!shares.cpu.empty()) found.note = rest_on_cpu(shares.cpu, shares.nodes);
    if (const std::size_t other = npu ? shares.gpu : shares.npu; other > 0)
        found.note += (found.note.empty() ? "" : "; ") + std::string(npu ? "the GPU" : "the Neural Engine") + " computes " +
                      std::to_string(other);
    return found;
}

class Model : public TensorModel {
public:
    explicit Model(const ModelRequest &request) {
        @autoreleasepool {
            const File &file = file_with_role(request.files, "weights");
            package_ = read_package(file);
            MLModelConfiguration *configuration = [[MLModelConfiguration alloc] init];
            configuration.computeUnits = units_for(request.accelerator);
            NSURL *compiled = load(file.path(), configuration, request.progress);
            read_ports();
            if (configuration.computeUnits != MLComputeUnitsCPUOnly)
                accelerator_ = describe_shares(request.accelerator,
                                               guarded("plan the model", [&] {
                                                   return shares_of(compiled, configuration, [&] { request.progress(0.95F); });
                                               }));
            reset();
        }
        request.progress(1);
    }

    const std::vector<TensorSpec> &inputs() const override { return inputs_; }
    const std::vector<TensorSpec> &outputs() const override { return outputs_; }

    std::vector<Tensor> run(std::span<const Tensor> given, CancelToken cancel) override {
        for (std::size_t i = 0; i < given.size(); ++i) check_shape(given[i], inputs_[i], sizes_[i]);
        cancel.check();
        @autoreleasepool {
            id<MLFeatureProvider> answer = guarded("run the model", [&] { return predict(given); });
            cancel.check();
            std::vector<Tensor> results;
            for (const TensorSpec &spec : outputs_)
                results.push_back(copy_of([answer featureValueForName:@(spec.name.c_str())].multiArrayValue, spec));
            return results;
        }
    }

    void reset() override {
        if (package_.states.empty()) return;
        if (@available(macOS 15, iOS 18, *)) state_ = [model_ newState];
    }

    int threads() const override { return 0; }  // Core ML takes as many as it likes
    Memory memory() const override { return {.model = package_.bytes}; }
    Accelerator accelerator() const override { return accelerator_; }
    Json describe() const override {
        return {{"kind", package_.kind}, {"specification", package_.version}, {"kept_inside", package_.states},
                {"bytes", package_.bytes}};
    }

private:
    NSURL *load(const std::string &path, MLModelConfiguration *configuration, const Progress &progress) {
        const auto tick = [&] { progress(0.9F); };
        NSError *error = nil;
        for (bool again = true;; again = false) {
            const Compiled compiled = compiled_model(path, package_.bytes, progress);
            model_ = guarded("load the model", [&] {
                return wait_for(
                    ^(Handler handler) {
                        [MLModel loadContentsOfURL:compiled.place
                                     configuration:configuration
                                 completionHandler:^(MLModel *result, NSError *reason) { handler(result, reason); }];
                    },
                    tick, nil, &error);
            });
            if (model_ != nil) return compiled.place;
            forget(compiled);
            if (!again || compiled.made) break;  // what lay in the folder may have been damaged: once more, from the start
        }
        throw Failure(HH_RUNTIME_FAILED, "Core ML cannot load " + path + ", a model for " + systems_for(package_.version) + ": " +
                                             text_of(error));
    }

    void read_ports() {
        MLModelDescription *description = model_.modelDescription;
        for (MLFeatureDescription *feature : in_order(description.inputDescriptionsByName, package_.inputs))
            inputs_.push_back(spec_of(feature, "input", sizes_.emplace_back()));
        Sizes any;
        for (MLFeatureDescription *feature : in_order(description.outputDescriptionsByName, package_.outputs))
            outputs_.push_back(spec_of(feature, "output", any));
    }

    /** Features in the order of the specification, then those that it does not list, by name. */
    static std::vector<MLFeatureDescription *> in_order(NSDictionary<NSString *, MLFeatureDescription *> *features,
                                                        const std::vector<std::string> &names) {
        std::vector<MLFeatureDescription *> sorted;
        for (const std::string &name : names)
            if (MLFeatureDescription *feature = features[@(name.c_str())]; feature != nil) sorted.push_back(feature);
        for (NSString *name in [features.allKeys sortedArrayUsingSelector:@selector(compare:)])
            if (std::find(names.begin(), names.end(), text_of(name)) == names.end()) sorted.push_back(features[name]);
        return sorted;
    }

    id<MLFeatureProvider> predict(std::span<const Tensor> given) {
        NSError *error = nil;
        NSMutableDictionary<NSString *, id> *values = [NSMutableDictionary dictionary];
        for (std::size_t i = 0; i < given.size(); ++i)
            values[@(inputs_[i].name.c_str())] = [MLFeatureValue featureValueWithMultiArray:borrow(given[i])];
        MLDictionaryFeatureProvider *features = [[MLDictionaryFeatureProvider alloc] initWithDictionary:values error:&error];
        MLPredictionOptions *options = [[MLPredictionOptions alloc] init];
        id<MLFeatureProvider> answer = nil;
        if (features == nil) throw Failure(HH_RUNTIME_FAILED, "Core ML did not take the inputs: " + text_of(error));
        if (package_.states.empty()) answer = [model_ predictionFromFeatures:features options:options error:&error];
        else if (@available(macOS 15, iOS 18, *))
            answer = [model_ predictionFromFeatures:features usingState:state_ options:options error:&error];
        if (answer == nil) throw Failure(HH_RUNTIME_FAILED, "Core ML could not run the model: " + text_of(error));
        return answer;
    }

    static MLMultiArray *borrow(const Tensor &tensor) {
        NSMutableArray<NSNumber *> *shape = [NSMutableArray array], *strides = [NSMutableArray array];
        std::int64_t stride = 1;
        for (std::size_t axis = tensor.shape.size(); axis-- > 0; stride *= tensor.shape[axis]) {
            [shape insertObject:@(tensor.shape[axis]) atIndex:0];
            [strides insertObject:@(stride) atIndex:0];
        }
        NSError *error = nil;
        MLMultiArray *array = [[MLMultiArray alloc] initWithDataPointer:const_cast<void *>(tensor.data)
                                                                  shape:shape
                                                               dataType:type_of(tensor.dtype)
                                                                strides:strides
                                                            deallocator:nil
                                                                  error:&error];
        if (array == nil) throw Failure(HH_RUNTIME_FAILED, "Core ML did not take an input: " + text_of(error));
        return array;
    }

    static Tensor copy_of(MLMultiArray *array, const TensorSpec &spec) {
        if (array == nil || array.dataType != type_of(spec.dtype))
            throw Failure(HH_RUNTIME_FAILED, "Core ML gave the output \"" + spec.name + "\" as something else than it said.");
        const std::vector<std::int64_t> shape = numbers_of(array.shape), strides = numbers_of(array.strides);
        const std::size_t element = dtype_bytes(spec.dtype), bytes = element_count(shape) * element;
        const auto copy = std::make_shared<std::string>();
        copy->reserve(std::max<std::size_t>(bytes, 64));  // on the heap, see Value::copy_of
        copy->resize(bytes);
        __block bool whole = false;
        [array getBytesWithHandler:^(const void *from, NSInteger size) {
            whole = gather(from, static_cast<std::size_t>(size), shape, strides, element, copy->data());
        }];
        if (!whole) throw Failure(HH_RUNTIME_FAILED, "Core ML gave the output \"" + spec.name + "\" with too few bytes.");
        return {spec.dtype, shape, copy->data(), bytes, copy};
    }

    Package package_;
    MLModel *model_ = nil;
    id state_ = nil;  // an MLState, where the system has it
    std::vector<TensorSpec> inputs_, outputs_;
    std::vector<Sizes> sizes_;  // of the inputs
    Accelerator accelerator_;
};

}  // namespace

extern const Runtime runtime;
const Runtime runtime = {
    .name = "coreml",
    .check = [](const std::vector<File> &files) { (void)read_package(file_with_role(files, "weights")); },
    .tensors = [](const ModelRequest &request) -> std::unique_ptr<TensorModel> {
        return std::make_unique<Model>(request);
    },
};

}  // namespace hh::runtimes::coreml
