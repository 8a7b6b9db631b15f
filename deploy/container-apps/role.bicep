// The role of the job at a management group. Print its actions with `azml-audit permissions --policy baseline`.
targetScope = 'managementGroup'

@description('The output principalId of main.bicep.')
param principalId string

@description('The actions that `azml-audit permissions` prints.')
param actions array

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(managementGroup().id, 'azml-audit')
  properties: {
    roleName: 'azml-audit'
    description: 'Allows azml-audit to read. Allows no changes.'
    type: 'CustomRole'
    assignableScopes: [
      managementGroup().id
    ]
    permissions: [
      {
        actions: actions
        notActions: []
      }
    ]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(managementGroup().id, principalId, role.id)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.id
  }
}
