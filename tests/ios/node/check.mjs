// Two parsers of other people read a project.pbxproj, a scheme and a workspace. Prints one JSON object.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";

const require = createRequire(import.meta.url);
const xcode = require("xcode");
const {XcodeProject, XCScheme, XCWorkspace} = require("@bacons/xcode");

const [, , folder, module] = process.argv;
const file = join(folder, "project.pbxproj");
const written = readFileSync(file, "utf8");

const plain = xcode.project(file);
plain.parseSync();
const again = plain.writeSync();

const complaints = [];
for (const level of ["log", "warn", "error"]) {
    console[level] = (...words) => complaints.push(words.map(String).join(" "));
}
const project = XcodeProject.open(file);
const targets = project.rootObject.props.targets.map(target => ({
    name: target.props.name,
    folders: (target.props.fileSystemSynchronizedGroups ?? []).map(group => group.props.path),
    products: (target.props.packageProductDependencies ?? []).map(product => product.props.productName),
}));
const packages = (project.rootObject.props.packageReferences ?? []).map(reference => reference.props.relativePath);
const scheme = XCScheme.open(join(folder, "xcshareddata", "xcschemes", `${module}.xcscheme`));
const workspace = XCWorkspace.open(join(folder, "project.xcworkspace"));

process.stdout.write(
    JSON.stringify({
        same: again === written,
        again,
        targets,
        packages,
        complaints,
        scheme: scheme.props.launchAction?.buildableProductRunnable?.buildableReference?.blueprintName ?? null,
        workspace: workspace.props.fileRefs?.map(reference => reference.location) ?? null,
    }),
);
